# Files of a layer compiled twelve at a time, as one: what headers and templates cost is paid
# once for all of them. The dev preset does without, so that a change compiles one small
# file. So do builds without precompiled headers: they show whether every file includes
# what it uses.
option(TROUPE_UNITY "Compile files of a layer together" ON)

# troupe_unity(VARIABLE NAME SOURCE…): what to compile for these sources, which are
# below src/. The paths in the files are relative, unlike those of CMAKE_UNITY_BUILD,
# so that ccache knows them in another checkout.
function(troupe_unity variable name)
  set(files_max 12)
  if(NOT TROUPE_UNITY OR NOT TROUPE_PRECOMPILE)
    set(${variable} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  list(TRANSFORM ARGN REPLACE "^${PROJECT_SOURCE_DIR}/src/(.*)$" "#include \"\\1\"\n" OUTPUT_VARIABLE includes)
  list(LENGTH includes count)
  math(EXPR last "${count} - 1")
  set(units "")
  foreach(first RANGE 0 ${last} ${files_max})
    list(LENGTH units number)
    list(SUBLIST includes ${first} ${files_max} content)
    string(JOIN "" content ${content})
    set(unit ${PROJECT_BINARY_DIR}/unity/${name}_${number}.cpp)
    file(CONFIGURE OUTPUT ${unit} CONTENT "${content}" @ONLY)
    list(APPEND units ${unit})
  endforeach()
  # What is in an anonymous namespace stays in one unit all the same.
  set_source_files_properties(${units} PROPERTIES COMPILE_OPTIONS
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  set(${variable} ${units} PARENT_SCOPE)
endfunction()
