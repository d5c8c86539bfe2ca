# What `cmake --install` puts where, so that find_package(OneRing) gives onering::server and all it stands on.
#
#   include/onering/…      the public headers
#   lib/libonering_*.a
#   lib/cmake/OneRing/     the package
#   lib/onering/…          the libraries that cmake/setup built from pinned sources, each as it was installed
#   bin/onering
include(CMakePackageConfigHelpers)

set(libraries
  onering_domain onering_ports onering_sync onering_wire onering_store_memory onering_store_sqlite onering_system
  onering_postgres onering_server onering_native_client)
target_compile_features(onering_domain PUBLIC cxx_std_23)
install(TARGETS ${libraries} onering_json onering_boost EXPORT OneRing ARCHIVE DESTINATION lib)
install(TARGETS onering RUNTIME DESTINATION bin)
foreach(library ${libraries})
  get_target_property(folder ${library} SOURCE_DIR)
  install(DIRECTORY ${folder}/include/ DESTINATION include)
endforeach()

# Without these a machine that has them in its own prefix would be needed to use the package.
set(bundled)
foreach(prefix ${ONERING_NATIVE_PREFIXES})
  cmake_path(GET prefix FILENAME name)
  if(NOT name MATCHES "^catch2")
    install(DIRECTORY ${prefix}/lib ${prefix}/include DESTINATION lib/onering/${name})
    list(APPEND bundled ${name})
  endif()
endforeach()

set(package ${CMAKE_CURRENT_BINARY_DIR}/package)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/OneRingConfig.cmake.in ${package}/OneRingConfig.cmake
  INSTALL_DESTINATION lib/cmake/OneRing)
write_basic_package_version_file(${package}/OneRingConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${package}/OneRingConfig.cmake ${package}/OneRingConfigVersion.cmake DESTINATION lib/cmake/OneRing)
install(EXPORT OneRing NAMESPACE onering:: DESTINATION lib/cmake/OneRing)
