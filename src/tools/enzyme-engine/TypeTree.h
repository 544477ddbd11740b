// What Enzyme calls a type tree: the types found in and behind a value, each with the path that leads
// to it. rustc builds one per argument and attaches it to the IR in its string form, which is the only
// form that the Enzyme executable reads.

#ifndef ENGINE_TYPETREE_H
#define ENGINE_TYPETREE_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace engine {

/// The numbers are part of the C interface.
enum class ConcreteType : uint32_t {
  Anything = 0,
  Integer = 1,
  Pointer = 2,
  Half = 3,
  Float = 4,
  Double = 5,
  Unknown = 6,
  X86FP80 = 7,
  BFloat16 = 8,
  FP128 = 9,
};

/// A path longer than this is not recorded.
constexpr uint32_t MaxTypeDepth = 6;

class TypeTree {
public:
  /// One byte offset per pointer followed; AnyOffset stands for all of them.
  using Path = std::vector<int>;
  static constexpr int AnyOffset = -1;

  TypeTree() = default;
  explicit TypeTree(ConcreteType Type) { insert({}, Type); }

  /// Returns whether the tree says more than before.
  bool insert(Path Where, ConcreteType Type);
  bool merge(const TypeTree &Other);

  /// The tree of a value that holds this one at \p Offset.
  TypeTree only(int Offset) const;
  /// The tree of what lies at offset 0.
  TypeTree data0() const;
  /// The tree of the \p Size bytes from \p Start on (all if Size is -1), moved to \p NewStart.
  TypeTree shifted(int64_t Start, int64_t Size, uint64_t NewStart, unsigned PointerSize) const;

  std::string str() const;

private:
  std::map<Path, ConcreteType> Entries;
};

} // namespace engine

#endif
