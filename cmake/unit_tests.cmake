# tests/<layer>/*.cpp become one executable a layer; every file is one CAF suite
# (`#define CAF_SUITE name` on its first lines) and one CTest test.
#
# Under the thread sanitizer everything takes some ten times as long, under the
# others three times.
set(suite_seconds 110)
set(sim_seconds 600)
if(TROUPE_SANITIZE MATCHES "address")
  set(suite_seconds 350)
elseif(TROUPE_SANITIZE MATCHES "thread")
  set(suite_seconds 590)
  set(sim_seconds 1800)
endif()

function(troupe_unit_tests layer)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS tests/${layer}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test-${layer} tests/main.cpp ${sources})
  target_include_directories(test-${layer} PRIVATE tests)
  target_link_libraries(test-${layer} PRIVATE ${ARGN} caf::core troupe_options)
  target_compile_options(test-${layer} PRIVATE ${troupe_options_tests})
  troupe_precompile(test-${layer})
  foreach(source ${sources})
    file(STRINGS ${source} line REGEX "^#define CAF_SUITE ")
    if(NOT line)
      continue() # a helper of other tests
    endif()
    string(REPLACE "#define CAF_SUITE " "" suite "${line}")
    add_test(NAME ${suite} COMMAND test-${layer} -n -v 3 -r ${suite_seconds} -s "^${suite}$")
    # CAF exits with 0 when no suite matches: look at the text too.
    math(EXPR timeout "${suite_seconds} + 10")
    set_tests_properties(${suite} PROPERTIES TIMEOUT ${timeout} LABELS ${layer}
                         FAIL_REGULAR_EXPRESSION "suites: +0")
  endforeach()
endfunction()

troupe_unit_tests(core troupe_core)
troupe_unit_tests(config troupe_config)
troupe_unit_tests(storage troupe_storage)
troupe_unit_tests(net troupe_net)
troupe_unit_tests(api troupe_http_server)
troupe_unit_tests(actors troupe_actors)
troupe_unit_tests(ctl troupe_ctl troupe_http_server)

# Whole clusters of step machines on a simulated network; every run is decided
# by its seed. `troupe-sim --seed N` replays one with a trace.
file(GLOB sim_sources CONFIGURE_DEPENDS tests/sim/*.cpp)
add_executable(troupe-sim ${sim_sources})
target_link_libraries(troupe-sim PRIVATE troupe_core Threads::Threads troupe_options)
add_test(NAME sim_register COMMAND troupe-sim --seeds 1..300 --jobs 2)
add_test(NAME sim_register_flaws COMMAND troupe-sim --seeds 1..2000 --jobs 2 --flaws)
add_test(NAME sim_observations COMMAND troupe-sim --of observations --seeds 1..200 --jobs 2)
add_test(NAME sim_observations_flaws
         COMMAND troupe-sim --of observations --seeds 1..2000 --jobs 2 --flaws)
set_tests_properties(sim_register sim_register_flaws sim_observations sim_observations_flaws
                     PROPERTIES TIMEOUT ${sim_seconds})

# Counts the allocations and system calls of a daemon it is preloaded into. It
# defines what _FORTIFY_SOURCE defines too.
add_library(troupe-counting MODULE tests/counting/counting.cpp)
target_compile_options(troupe-counting PRIVATE -O2 -U_FORTIFY_SOURCE -fno-sanitize=all)
target_link_libraries(troupe-counting PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(troupe-counting PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
