# What makes a mistake in this code an end instead of a way in: canaries on the stack,
# checked copies and containers, no jump over the guard page, and marked targets of
# indirect jumps with a shadow stack. bench/instructions says what it costs.
option(TROUPE_HARDENING "Protect optimised builds" ON)
if(NOT TROUPE_HARDENING OR TROUPE_SANITIZE OR NOT CMAKE_BUILD_TYPE MATCHES "Rel")
  return()
endif()
include(CheckCXXCompilerFlag)

add_compile_options(-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
                    -D_GLIBCXX_ASSERTIONS)
# x86 only.
check_cxx_compiler_flag(-fcf-protection=full TROUPE_HAS_CF_PROTECTION)
if(TROUPE_HAS_CF_PROTECTION)
  add_compile_options(-fcf-protection=full)
  # Without being told, ld marks a program only if all of its parts are marked, and
  # the crt1.o of Debian 12 is not. glibc asks the libraries too before it relies on it.
  add_link_options(-Wl,-z,ibt,-z,shstk)
endif()
