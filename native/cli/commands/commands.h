// The commands of `onering`, one file each. A function here adds its command to the program; CLI11 then
// runs the command's callback, which leaves in `context.exit` how the program ends.
#pragma once

#include "../context.h"

namespace CLI {
class App;
}

namespace onering::cli {

void addServe(CLI::App& app, Context& context);
void addReplay(CLI::App& app, Context& context);
void addImport(CLI::App& app, Context& context);
void addLog(CLI::App& app, Context& context);
void addVerify(CLI::App& app, Context& context);
void addExport(CLI::App& app, Context& context);
void addDb(CLI::App& app, Context& context);
void addSimulate(CLI::App& app, Context& context);
void addBench(CLI::App& app, Context& context);

}  // namespace onering::cli
