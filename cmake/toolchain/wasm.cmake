# Emscripten and the libraries built with it: what cmake/setup left, or else an emcc on the PATH.
if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/../../build/toolchain.cmake)
  include(${CMAKE_CURRENT_LIST_DIR}/../../build/toolchain.cmake)
endif()

if(NOT ONERING_EMSCRIPTEN_ROOT)
  find_program(ONERING_EM_CONFIG em-config REQUIRED)
  execute_process(COMMAND ${ONERING_EM_CONFIG} EMSCRIPTEN_ROOT OUTPUT_VARIABLE ONERING_EMSCRIPTEN_ROOT
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
include(${ONERING_EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake)

list(PREPEND CMAKE_PREFIX_PATH ${ONERING_WASM_PREFIXES})
list(PREPEND CMAKE_FIND_ROOT_PATH ${ONERING_WASM_PREFIXES})
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)

# Everything, libraries included, is compiled for WebAssembly's own exceptions.
set(CMAKE_C_FLAGS_INIT -fwasm-exceptions)
set(CMAKE_CXX_FLAGS_INIT -fwasm-exceptions)
