# The files of a folder compiled up to sixteen at a time, as one: what headers and templates
# cost is paid once for all of them, and what of a folder is inlined does not depend on the
# files of others. The dev preset does without, so that a change compiles one small file. So
# do builds without precompiled headers: they show whether every file includes what it uses.
option(TROUPE_UNITY "Compile files of a layer together" ON)

# troupe_unity(VARIABLE NAME SOURCE…): what to compile for these sources, which are
# below src/. The paths in the files are relative, unlike those of CMAKE_UNITY_BUILD,
# so that ccache knows them in another checkout.
function(troupe_unity variable name)
  set(files_max 16)
  if(NOT TROUPE_UNITY OR NOT TROUPE_PRECOMPILE)
    set(${variable} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  # Folder by folder: "/" would sort what is in one between the files beside it.
  list(TRANSFORM ARGN REPLACE "^(.*)/([^/]*)$" "\\1|\\2" OUTPUT_VARIABLE sources)
  list(SORT sources)
  list(TRANSFORM sources REPLACE "[|]" "/")
  set(units "")
  set(content "")
  set(count 0)
  set(before "")
  # The last one only ends the unit in front of it.
  foreach(source IN LISTS sources ITEMS /)
    get_filename_component(room ${source} DIRECTORY)
    if(count EQUAL files_max OR (count GREATER 0 AND NOT room STREQUAL before))
      list(LENGTH units number)
      set(unit ${PROJECT_BINARY_DIR}/unity/${name}_${number}.cpp)
      file(CONFIGURE OUTPUT ${unit} CONTENT "${content}" @ONLY)
      list(APPEND units ${unit})
      set(content "")
      set(count 0)
    endif()
    string(REPLACE "${PROJECT_SOURCE_DIR}/src/" "" include ${source})
    string(APPEND content "#include \"${include}\"\n")
    math(EXPR count "${count} + 1")
    set(before "${room}")
  endforeach()
  # What is in an anonymous namespace stays in one unit all the same.
  set_source_files_properties(${units} PROPERTIES COMPILE_OPTIONS
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  set(${variable} ${units} PARENT_SCOPE)
endfunction()
