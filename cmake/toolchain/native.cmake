# The native compiler and libraries: what cmake/setup found and built, or else what this machine has.
if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/../../build/toolchain.cmake)
  include(${CMAKE_CURRENT_LIST_DIR}/../../build/toolchain.cmake)
endif()

if(NOT ONERING_CXX_COMPILER)
  find_program(ONERING_C_COMPILER NAMES clang-19 clang-20 clang-21 clang REQUIRED)
  find_program(ONERING_CXX_COMPILER NAMES clang++-19 clang++-20 clang++-21 clang++ REQUIRED)
endif()
set(CMAKE_C_COMPILER ${ONERING_C_COMPILER})
set(CMAKE_CXX_COMPILER ${ONERING_CXX_COMPILER})
list(PREPEND CMAKE_PREFIX_PATH ${ONERING_NATIVE_PREFIXES})

set(CMAKE_EXE_LINKER_FLAGS_INIT -fuse-ld=lld)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -fuse-ld=lld)
