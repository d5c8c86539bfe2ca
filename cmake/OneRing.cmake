# How OneRing's own code is compiled, and the helpers its folders' CMakeLists.txt are written with:
#
#   onering_library(NAME [SOURCES file...] [PUBLIC target...] [PRIVATE target...])
#     Static library onering_NAME (the prefix may be written), alias onering::NAME; header-only (INTERFACE) without
#     SOURCES. Its include root is the calling folder's include/. PUBLIC are the targets its headers use, PRIVATE
#     those only its sources use.
#   onering_executable(NAME SOURCES file... [LIBS target...])
#     Program in the build folder itself.
#   onering_test(onering-NAME SOURCES file... [LIBS target...] [CATCH2_MAIN OFF])
#     Catch2 program tests/onering-NAME in the build folder; in the WebAssembly build onering-NAME.js, for Node.
#   onering_node_options(TARGET)
#     In the WebAssembly build: makes any program one that Node runs, with real files.
#   onering_capnp(TARGET file.capnp...)
#     Adds the C++ generated from the schemas to the target; the folder they lie in becomes part of their name.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

# Assertions stay on: an invariant that breaks in production must be known, not survived by chance.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")

set(ONERING_SANITIZERS "" CACHE STRING "What to pass to -fsanitize=, e.g. address,undefined or thread")
option(ONERING_WARNINGS_AS_ERRORS "Treat warnings in OneRing's own code as errors" ON)
# Seconds matter in the tests, bytes in what browsers load: the module takes these for itself (see wasm/).
set(ONERING_MODULE_OPTIMIZATION "-Oz" CACHE STRING "Optimization of the module that pages load")

find_program(ONERING_CCACHE ccache)
if(ONERING_CCACHE)
  # Paths count from the project's folder, so that a second checkout finds what the first one compiled. A program
  # of this name, because tools that read compile_commands.json know it as one that only wraps the compiler.
  set(launcher ${CMAKE_BINARY_DIR}/ccache)
  file(CONFIGURE OUTPUT ${launcher} @ONLY CONTENT [[
#!/bin/sh
CCACHE_BASEDIR='@PROJECT_SOURCE_DIR@' CCACHE_NOHASHDIR=1 exec '@ONERING_CCACHE@' "$@"
]])
  file(CHMOD ${launcher} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# No path of the building machine in binaries.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
add_compile_options(-ffunction-sections -fdata-sections)
if(ONERING_SANITIZERS)
  add_compile_options(-fsanitize=${ONERING_SANITIZERS} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ONERING_SANITIZERS})
endif()
if(EMSCRIPTEN)
  add_compile_options(-msimd128)  # docs/decisions/sha256.md
else()
  add_link_options(-Wl,--gc-sections)
endif()

function(onering_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
  if(ONERING_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

function(onering_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE")
  string(REGEX REPLACE "^onering_" "" name ${target})
  set(target onering_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} PUBLIC
      $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
    onering_compile_options(${target})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE
      $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_link_libraries(${target} INTERFACE ${arg_PUBLIC})
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  add_library(onering::${name} ALIAS ${target})
endfunction()

function(onering_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  onering_compile_options(${name})
endfunction()

function(onering_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CATCH2_MAIN" "SOURCES;LIBS")
  onering_executable(${target} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS})
  if(DEFINED arg_CATCH2_MAIN AND NOT arg_CATCH2_MAIN)
    target_link_libraries(${target} PRIVATE Catch2::Catch2)
  else()
    target_link_libraries(${target} PRIVATE Catch2::Catch2WithMain)
  endif()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(EMSCRIPTEN)
    onering_node_options(${target})
    target_link_options(${target} PRIVATE -O1)  # Binaryen's passes over a test take ten times as long as the test
  else()
    # The test's own code, in less than half the time. What it tests lies in libraries, which are compiled as ever.
    set(debug_information -g0)
    if(ONERING_SANITIZERS)
      set(debug_information -g1)
    endif()
    target_compile_options(${target} PRIVATE -O0 ${debug_information})
  endif()
  add_test(NAME ${target} COMMAND ${target} --colour-mode none)
endfunction()

# For programs that Node runs: files and arguments are the real ones, memory grows, a failed exit is one.
function(onering_node_options target)
  target_link_options(${target} PRIVATE
    -sENVIRONMENT=node -sNODERAWFS=1 -sEXIT_RUNTIME=1 -sSTACK_SIZE=1MB -sALLOW_MEMORY_GROWTH=1
    -sMAXIMUM_MEMORY=4GB -sWASM_BIGINT)
endfunction()

function(onering_capnp target)
  foreach(schema ${ARGN})
    cmake_path(ABSOLUTE_PATH schema NORMALIZE)
    cmake_path(GET schema PARENT_PATH folder)
    cmake_path(GET schema FILENAME file)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/capnp)
    file(MAKE_DIRECTORY ${out})
    add_custom_command(
      OUTPUT ${out}/${file}.c++ ${out}/${file}.h
      COMMAND ${ONERING_CAPNP} compile --no-standard-import -I ${ONERING_CAPNP_INCLUDE} --src-prefix=${folder}
        -o ${ONERING_CAPNPC_CXX}:${out} ${schema}
      DEPENDS ${schema} ${ONERING_CAPNP} ${ONERING_CAPNPC_CXX}
      COMMENT "Generating C++ from ${file}"
      VERBATIM)
    target_sources(${target} PRIVATE ${out}/${file}.c++ ${out}/${file}.h)
    set_source_files_properties(${out}/${file}.c++ PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
    target_include_directories(${target} SYSTEM PRIVATE ${out})
  endforeach()
  target_link_libraries(${target} PRIVATE CapnProto::capnp)
endfunction()
