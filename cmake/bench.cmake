# What ./dev bench measures with. An image is built without bench/, so nothing here
# may be needed by what is installed.
add_executable(bench-load EXCLUDE_FROM_ALL bench/load/load.cpp)
target_link_libraries(bench-load PRIVATE Boost::headers Boost::json Threads::Threads CLI11::CLI11 fmt::fmt troupe_options)

file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.cpp)
foreach(source ${bench_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(bench-${name} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(bench-${name} PRIVATE troupe_actors troupe_options)
endforeach()
