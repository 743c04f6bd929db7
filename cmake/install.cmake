# What `cmake --install` puts where. The prefix may be given as late as that, so whatever
# holds a path of its own is written then.
include(GNUInstallDirs)

install(TARGETS trouped RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS troupectl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# All addresses of libraries are looked up at the start, then nobody can write to the table.
foreach(program trouped troupectl)
  target_link_options(${program} PRIVATE -Wl,-z,relro,-z,now)
endforeach()

set(troupe_doc_dir share/doc/troupe)
set(troupe_share_dir share/troupe)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${troupe_doc_dir})
install(DIRECTORY docs/ DESTINATION ${troupe_doc_dir}/docs)
install(DIRECTORY examples/ DESTINATION ${troupe_doc_dir}/examples)
install(FILES cluster/prometheus/prometheus.yml cluster/prometheus/troupe.rules.yml
        DESTINATION ${troupe_share_dir}/prometheus)
install(FILES cluster/grafana/dashboards/troupe.json DESTINATION ${troupe_share_dir}/grafana)
install(PROGRAMS cluster/certificates DESTINATION ${troupe_share_dir})

install(FILES packaging/systemd/troupe.sysusers DESTINATION lib/sysusers.d RENAME troupe.conf)
install(FILES packaging/systemd/troupe.tmpfiles DESTINATION lib/tmpfiles.d RENAME troupe.conf)

# The unit with the paths of this installation; manuals and completions as the programs
# themselves say them.
install(CODE "
  set(sbin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
  set(doc \"\${CMAKE_INSTALL_PREFIX}/${troupe_doc_dir}/docs\")
  set(root \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
  configure_file(\"${PROJECT_SOURCE_DIR}/packaging/systemd/trouped.service.in\"
                 \"\${root}/lib/systemd/system/trouped.service\" @ONLY)
  function(write_of to)
    execute_process(COMMAND \${ARGN} OUTPUT_FILE \"\${root}/\${to}\" COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  foreach(directory share/man share/bash-completion/completions share/zsh/site-functions)
    file(MAKE_DIRECTORY \"\${root}/\${directory}\")
  endforeach()
  set(bin \"${CMAKE_RUNTIME_OUTPUT_DIRECTORY}\")
  write_of(share/bash-completion/completions/troupectl \"\${bin}/troupectl\" completion bash)
  write_of(share/zsh/site-functions/_troupectl \"\${bin}/troupectl\" completion zsh)
  execute_process(COMMAND python3 \"${PROJECT_SOURCE_DIR}/packaging/man.py\" \"\${bin}\" \"\${root}/share/man\"
                  COMMAND_ERROR_IS_FATAL ANY)
  foreach(page trouped.8 troupectl.1)
    string(REGEX MATCH \"[0-9]$\" section \${page})
    file(MAKE_DIRECTORY \"\${root}/share/man/man\${section}\")
    file(RENAME \"\${root}/share/man/\${page}\" \"\${root}/share/man/man\${section}/\${page}\")
  endforeach()
")
