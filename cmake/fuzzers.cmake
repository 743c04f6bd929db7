# Fuzzers of what reads hostile bytes, by clang's libFuzzer. Each takes its few
# sources itself, so that these are instrumented and nothing else is built.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "TROUPE_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++")
endif()

function(troupe_fuzzer name)
  add_executable(fuzz-${name} EXCLUDE_FROM_ALL tests/fuzz/${name}.cpp ${ARGN})
  target_include_directories(fuzz-${name} PRIVATE src tests)
  target_link_libraries(fuzz-${name} PRIVATE Boost::headers troupe_options)
  target_compile_options(fuzz-${name} PRIVATE -g -O1 -fsanitize=fuzzer,address,undefined)
  target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endfunction()

troupe_fuzzer(basp_guard src/net/cluster/basp_frame.cpp src/net/cluster/basp_guard.cpp
              src/net/cluster/preamble.cpp)
