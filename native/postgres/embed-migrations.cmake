# Writes two headers into OUT: the migrations in FOLDER as text, and the schema that they make. Run with cmake -P.
file(GLOB ups ${FOLDER}/*.up.sql)
list(SORT ups)
list(LENGTH ups count)
set(text "// Made from the files in migrations/.\n#pragma once\n\n#include <array>\n\nnamespace onering::postgres {\n\n")
string(APPEND text "struct MigrationFile {\n  int version;\n  const char* name;\n  const char* up;\n  const char* down;\n};\n\n")
string(APPEND text "inline constexpr std::array<MigrationFile, ${count}> kMigrationFiles{{\n")
set(version 0)
foreach(up ${ups})
  math(EXPR version "${version} + 1")
  get_filename_component(name ${up} NAME)
  string(REGEX REPLACE "^0*${version}_(.*)[.]up[.]sql$" "\\1" name ${name})
  string(REPLACE ".up.sql" ".down.sql" down ${up})
  file(READ ${up} upText)
  file(READ ${down} downText)
  string(APPEND text "    {${version}, \"${name}\", R\"sql(${upText})sql\",\n     R\"sql(${downText})sql\"},\n")
endforeach()
string(APPEND text "}};\n\n}  // namespace onering::postgres\n")
file(WRITE ${OUT}/migration-files.h "${text}")

file(READ ${FOLDER}/expected-schema.txt schema)
file(WRITE ${OUT}/expected-schema.h "// Made from migrations/expected-schema.txt.
#pragma once

namespace onering::postgres {

inline constexpr const char* kExpectedSchema = R\"sql(${schema})sql\";

}  // namespace onering::postgres
")
