add_library(troupe_options INTERFACE)
target_compile_options(troupe_options INTERFACE -Wall -Wextra -Wpedantic -Wno-deprecated-declarations)
# GCC 12 sees it in std::optional and std::variant where nothing is.
target_compile_options(troupe_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
target_compile_definitions(troupe_options INTERFACE TROUPE_VERSION="${PROJECT_VERSION}")

if(TROUPE_SANITIZE)
  add_compile_options(-fsanitize=${TROUPE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
endif()
if(TROUPE_SANITIZE MATCHES "address.*undefined")
  # These double the time a file takes, and what they find is for the most part
  # a crash that the address sanitizer reports with a stack.
  add_compile_options(-fno-sanitize=null,object-size,vptr)
endif()
if(TROUPE_SANITIZE MATCHES "thread")
  # The sanitizer does not understand fences, and GCC warns at each. Asio needs
  # none here: its scheduler hands work over under a mutex.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

# ccache where it is installed; precompiled headers need it to be told.
option(TROUPE_CCACHE "Compile through ccache if there is one" ON)
find_program(CCACHE_PROGRAM ccache)
if(TROUPE_CCACHE AND CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${CCACHE_PROGRAM})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

# The heavy headers, compiled once for every group of targets whose flags agree
# and reused by all of it. Worth about 1 s of CPU time a file; OFF shows whether
# every file includes what it uses.
option(TROUPE_PRECOMPILE "Precompile the heavy headers" ON)

set(troupe_headers_std
  <algorithm> <array> <atomic> <chrono> <functional> <map> <memory> <optional>
  <span> <string> <string_view> <thread> <unordered_map> <utility> <variant>
  <vector>)
set(troupe_headers_asio
  ${troupe_headers_std}
  <boost/asio/generic/stream_protocol.hpp> <boost/asio/io_context.hpp>
  <boost/asio/ip/tcp.hpp> <boost/asio/post.hpp>
  <boost/asio/posix/stream_descriptor.hpp> <boost/asio/read_until.hpp>
  <boost/asio/steady_timer.hpp> <boost/asio/write.hpp>)
set(troupe_headers_ctl
  ${troupe_headers_asio} <boost/json/parse.hpp> <boost/json/serialize.hpp>
  <boost/json/value.hpp> <CLI/CLI.hpp>)
set(troupe_headers_caf
  ${troupe_headers_asio}
  <caf/actor_system.hpp> <caf/actor_system_config.hpp> <caf/result.hpp>
  <caf/scheduled_actor.hpp> <caf/sec.hpp> <caf/send.hpp>
  <caf/typed_event_based_actor.hpp>)
set(troupe_headers_tests ${troupe_headers_caf} ${CMAKE_SOURCE_DIR}/tests/precompiled.hpp)

# Compiling a unit test takes longer than running it: no optimisation, whatever
# the preset.
set(troupe_options_tests -O0 -U_FORTIFY_SOURCE -Wno-deprecated)

# A library with one empty source that only exists to own the group's header.
# It links nothing whose definitions its users might lack (fmt, spdlog): GCC
# refuses a precompiled header that saw a macro the user defines otherwise.
function(troupe_precompiled_headers group)
  set(source ${CMAKE_BINARY_DIR}/precompiled/${group}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Owns a precompiled header.\n")
  add_library(troupe_headers_${group} OBJECT ${source})
  target_link_libraries(troupe_headers_${group} PRIVATE Boost::headers caf::core troupe_options)
  target_compile_options(troupe_headers_${group} PRIVATE ${troupe_options_${group}})
  target_include_directories(troupe_headers_${group} PRIVATE tests)
  target_precompile_headers(troupe_headers_${group} PRIVATE ${troupe_headers_${group}})
endfunction()

function(troupe_precompile target)
  if(NOT TROUPE_PRECOMPILE)
    return()
  endif()
  if(target STREQUAL "troupe_ctl") # the only one of its kind
    target_precompile_headers(troupe_ctl PRIVATE ${troupe_headers_ctl})
    return()
  endif()
  if(target MATCHES "^troupe_(core|config|os|storage)$")
    set(group std)
  elseif(target MATCHES "^(troupe_net|troupe_http_server|troupe-backend)$")
    set(group asio)
  elseif(target MATCHES "^test-")
    set(group tests)
  else()
    set(group caf)
  endif()
  if(NOT TARGET troupe_headers_${group})
    troupe_precompiled_headers(${group})
  endif()
  target_precompile_headers(${target} REUSE_FROM troupe_headers_${group})
endfunction()
