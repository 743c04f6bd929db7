# Everything comes from the distribution; nothing is downloaded or vendored.
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)
# The flags of these two would define what the precompiled headers do not have;
# g++ defines enough by itself.
pkg_check_modules(ncursesw REQUIRED ncursesw)
pkg_check_modules(re2 REQUIRED re2)
pkg_check_modules(libidn2 REQUIRED libidn2)

# Debian's libcaf-dev ships no CMake configuration.
find_path(CAF_INCLUDE_DIR caf/all.hpp REQUIRED)
foreach(module core io)
  find_library(CAF_${module}_LIBRARY caf_${module} REQUIRED)
  add_library(caf::${module} UNKNOWN IMPORTED)
  set_target_properties(caf::${module} PROPERTIES
    IMPORTED_LOCATION ${CAF_${module}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
endforeach()
target_link_libraries(caf::core INTERFACE Threads::Threads)
target_link_libraries(caf::io INTERFACE caf::core)
