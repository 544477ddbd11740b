// Enzyme's options as rustc sees them: exported objects whose addresses it hands back to
// EnzymeSetCLBool and EnzymeSetCLString. Only what has been set reaches the executable's command line.

#ifndef ENGINE_OPTIONS_H
#define ENGINE_OPTIONS_H

#include <optional>
#include <string>
#include <vector>

namespace engine {

struct Option {
  const char *Flag;
  std::optional<std::string> Value;
};

/// The command line that stands for every option set so far.
std::vector<std::string> optionArguments();

/// Whether an option asks Enzyme to print something (`-Zautodiff=PrintTA` and its like).
bool outputWanted();

} // namespace engine

#endif
