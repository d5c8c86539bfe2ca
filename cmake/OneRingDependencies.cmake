# Everything OneRing links against, as imported targets, each with the version it is written for.

# What was found in a dependency's former folder must not outlive a change of its pin.
set(prefixes "${ONERING_NATIVE_PREFIXES};${ONERING_WASM_PREFIXES}")
if(NOT "${prefixes}" STREQUAL "${ONERING_PREFIXES_SEEN}")
  foreach(found CapnProto_DIR onering-sqlite_DIR onering-sodium_DIR Catch2_DIR ONERING_CAPNP ONERING_CAPNPC_CXX
      ZLIB_INCLUDE_DIR ZLIB_LIBRARY_RELEASE)
    unset(${found} CACHE)
  endforeach()
  set(ONERING_PREFIXES_SEEN "${prefixes}" CACHE INTERNAL "")
endif()

function(onering_require package target)
  find_package(${package} ${ARGN} CONFIG QUIET)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "${package} was not found. cmake/setup builds it, or set CMAKE_PREFIX_PATH to where it is.")
  endif()
  set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL ON)
endfunction()

onering_require(CapnProto CapnProto::capnp 1.1.0)
onering_require(onering-sqlite SQLite::sqlite3)
onering_require(onering-sodium sodium::sodium)
if(BUILD_TESTING)
  onering_require(Catch2 Catch2::Catch2WithMain 3.7)
endif()

# The schema compiler runs on the building machine in both builds, and must be of the library's version.
find_program(ONERING_CAPNP capnp HINTS ${ONERING_NATIVE_PREFIXES} PATH_SUFFIXES bin NO_CMAKE_FIND_ROOT_PATH REQUIRED)
find_program(ONERING_CAPNPC_CXX capnpc-c++ HINTS ${ONERING_NATIVE_PREFIXES} PATH_SUFFIXES bin
  NO_CMAKE_FIND_ROOT_PATH REQUIRED)
cmake_path(GET ONERING_CAPNP PARENT_PATH ONERING_CAPNP_INCLUDE)
cmake_path(SET ONERING_CAPNP_INCLUDE NORMALIZE ${ONERING_CAPNP_INCLUDE}/../include)

find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)

# The WebAssembly build shares Boost's headers with the native one, but not the folder they stand in, which is
# the system's.
if(EMSCRIPTEN)
  find_path(ONERING_BOOST_INCLUDE boost/json.hpp PATHS /usr/include /usr/local/include NO_CMAKE_FIND_ROOT_PATH REQUIRED)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/boost)
  file(CREATE_LINK ${ONERING_BOOST_INCLUDE}/boost ${CMAKE_BINARY_DIR}/boost/boost SYMBOLIC)
  add_library(Boost::headers INTERFACE IMPORTED GLOBAL)
  set_target_properties(Boost::headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/boost)
else()
  set(Boost_NO_WARN_NEW_VERSIONS ON)
  find_package(Boost 1.81 REQUIRED)
endif()

# The header-only parts of Boost that OneRing uses, compiled once; who links these reads their declarations only,
# which saves every translation unit that includes them most of its time.
add_library(onering_json STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/boost-json.cpp)
add_library(onering::json ALIAS onering_json)
target_compile_options(onering_json PRIVATE -w)
target_link_libraries(onering_json PUBLIC Boost::headers)

if(NOT EMSCRIPTEN)
  find_package(spdlog REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(OpenSSL REQUIRED)

  add_library(onering_boost STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/boost.cpp)
  add_library(onering::boost ALIAS onering_boost)
  target_compile_definitions(onering_boost PUBLIC
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
  target_compile_options(onering_boost PRIVATE -w)
  target_link_libraries(onering_boost PUBLIC
    onering_json Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
endif()
