# Fuzzers of what reads hostile bytes, by clang's libFuzzer: `./dev fuzz`. The
# layers they need are compiled once more, instrumented.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "TROUPE_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++")
endif()

if(TROUPE_FUZZ_COVERAGE)
  set(fuzz_options -g -O1 -fprofile-instr-generate -fcoverage-mapping)
else()
  set(fuzz_options -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
      -fno-sanitize=vptr)
endif()

# troupe_fuzz_part(NAME LIBRARIES… SOURCES PATTERN…)
function(troupe_fuzz_part name)
  cmake_parse_arguments(part "" "" "SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${part_SOURCES})
  add_library(fuzz_${name} STATIC EXCLUDE_FROM_ALL ${sources})
  target_include_directories(fuzz_${name} PUBLIC src)
  target_link_libraries(fuzz_${name} PUBLIC ${part_UNPARSED_ARGUMENTS} PRIVATE troupe_options)
  target_compile_options(fuzz_${name} PRIVATE ${fuzz_options} -fsanitize=fuzzer-no-link)
endfunction()

troupe_fuzz_part(core Boost::headers ${re2_LINK_LIBRARIES} SOURCES src/core/*.cpp src/core/balance/*.cpp
                src/core/cluster/*.cpp src/core/cluster/config_register/*.cpp src/core/routing/*.cpp)
troupe_fuzz_part(config fuzz_core yaml-cpp fmt::fmt ${libidn2_LINK_LIBRARIES} SOURCES src/config/*.cpp)
troupe_fuzz_part(http1 fuzz_core Boost::headers fmt::fmt SOURCES src/net/http1/*.cpp)
troupe_fuzz_part(net fuzz_http1 Threads::Threads fmt::fmt SOURCES src/net/loop/*.cpp src/net/transport/*.cpp src/net/backend/*.cpp
                src/net/frontend/*.cpp src/net/proxy/*.cpp src/net/probe/*.cpp src/os/*.cpp)
troupe_fuzz_part(basp Boost::headers SOURCES src/net/cluster/basp_*.cpp src/net/cluster/preamble.cpp)

# troupe_fuzzer(NAME LIBRARIES… [SOURCES …])
function(troupe_fuzzer name)
  cmake_parse_arguments(fuzzer "" "" "SOURCES" ${ARGN})
  add_executable(fuzz-${name} EXCLUDE_FROM_ALL tests/fuzz/${name}.cpp ${fuzzer_SOURCES})
  # tests/fuzz first: its caf_test.hpp makes crashes of the fixtures' checks.
  target_include_directories(fuzz-${name} PRIVATE tests/fuzz src tests)
  target_link_libraries(fuzz-${name} PRIVATE ${fuzzer_UNPARSED_ARGUMENTS} Boost::headers troupe_options)
  target_compile_options(fuzz-${name} PRIVATE ${fuzz_options} -fsanitize=fuzzer)
  target_link_options(fuzz-${name} PRIVATE ${fuzz_options} -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz-${name})
endfunction()

add_custom_target(fuzzers)
troupe_fuzzer(basp_guard fuzz_basp)
troupe_fuzzer(http1_request fuzz_http1)
troupe_fuzzer(http1_response fuzz_http1)
troupe_fuzzer(chunk_scanner fuzz_http1)
troupe_fuzzer(data_path fuzz_net)
troupe_fuzzer(config fuzz_config)
troupe_fuzzer(route_matcher fuzz_core)
troupe_fuzzer(admin_api fuzz_net caf::core caf::io Boost::json fmt::fmt spdlog::spdlog
              SOURCES src/actors/runtime/actor_host.cpp src/api/operations.cpp src/api/json.cpp
                      src/api/cluster_json.cpp src/api/events_json.cpp src/api/routes_json.cpp
                      src/actors/control/explain.cpp src/actors/control/explain_request.cpp src/actors/events/journal.cpp
                      src/actors/events/log.cpp src/api/http/request_reader.cpp src/api/http/target.cpp)
