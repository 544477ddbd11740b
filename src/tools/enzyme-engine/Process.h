// Runs a program to its end or to a time limit, with its output in files: neither a full pipe nor a
// megabyte of complaints can get in the way.

#ifndef ENGINE_PROCESS_H
#define ENGINE_PROCESS_H

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace engine {

struct Command {
  /// The first is the path of the executable.
  std::vector<std::string> Arguments;
  std::string StdoutPath;
  std::string StderrPath;
  unsigned TimeLimitSeconds;
};

struct Outcome {
  bool TimedOut = false;
  /// The signal that ended it, or 0.
  int Signal = 0;
  int ExitCode = 0;
};

/// Fails, with the system's reason, if the program cannot be started.
llvm::Expected<Outcome> runCommand(const Command &C);

} // namespace engine

#endif
