// Type trees, see TypeTree.h.

#include "TypeTree.h"

using namespace engine;

static const char *typeName(ConcreteType Type) {
  switch (Type) {
  case ConcreteType::Anything:
    return "Anything";
  case ConcreteType::Integer:
    return "Integer";
  case ConcreteType::Pointer:
    return "Pointer";
  case ConcreteType::Half:
    return "Float@half";
  case ConcreteType::Float:
    return "Float@float";
  case ConcreteType::Double:
    return "Float@double";
  case ConcreteType::Unknown:
    return "Unknown";
  case ConcreteType::X86FP80:
    return "Float@x86_fp80";
  case ConcreteType::BFloat16:
    return "Float@bfloat";
  case ConcreteType::FP128:
    return "Float@fp128";
  }
  return "Unknown";
}

static int typeSize(ConcreteType Type, unsigned PointerSize) {
  switch (Type) {
  case ConcreteType::Half:
  case ConcreteType::BFloat16:
    return 2;
  case ConcreteType::Float:
    return 4;
  case ConcreteType::Double:
    return 8;
  case ConcreteType::X86FP80:
  case ConcreteType::FP128:
    return 16;
  case ConcreteType::Pointer:
    return PointerSize;
  case ConcreteType::Anything:
  case ConcreteType::Integer:
  case ConcreteType::Unknown:
    break;
  }
  return 1;
}

/// Whether every place that \p Narrow names is also named by \p Wide.
static bool covers(const TypeTree::Path &Wide, const TypeTree::Path &Narrow) {
  if (Wide.size() != Narrow.size())
    return false;
  for (size_t I = 0; I != Wide.size(); ++I)
    if (Wide[I] != TypeTree::AnyOffset && Wide[I] != Narrow[I])
      return false;
  return true;
}

bool TypeTree::insert(Path Where, ConcreteType Type) {
  if (Type == ConcreteType::Unknown || Where.size() > MaxTypeDepth)
    return false;
  for (const auto &[Known, KnownType] : Entries)
    if (KnownType == Type && covers(Known, Where))
      return false;
  for (auto It = Entries.begin(); It != Entries.end();)
    It = It->second == Type && covers(Where, It->first) ? Entries.erase(It) : std::next(It);
  Entries[std::move(Where)] = Type;
  return true;
}

bool TypeTree::merge(const TypeTree &Other) {
  bool Changed = false;
  for (const auto &[Where, Type] : Other.Entries)
    Changed |= insert(Where, Type);
  return Changed;
}

TypeTree TypeTree::only(int Offset) const {
  TypeTree Result;
  for (const auto &[Where, Type] : Entries) {
    Path Longer{Offset};
    Longer.insert(Longer.end(), Where.begin(), Where.end());
    Result.insert(std::move(Longer), Type);
  }
  return Result;
}

TypeTree TypeTree::data0() const {
  TypeTree Result;
  for (const auto &[Where, Type] : Entries)
    if (!Where.empty() && (Where[0] == 0 || Where[0] == AnyOffset))
      Result.insert(Path(Where.begin() + 1, Where.end()), Type);
  return Result;
}

TypeTree TypeTree::shifted(int64_t Start, int64_t Size, uint64_t NewStart,
                           unsigned PointerSize) const {
  TypeTree Result;
  for (const auto &[Where, Type] : Entries) {
    if (Where.empty() || (Where[0] == AnyOffset && Size == -1)) {
      Result.insert(Where, Type);
      continue;
    }
    Path Moved = Where;
    if (Where[0] != AnyOffset) {
      if (Where[0] < Start || (Size != -1 && Where[0] >= Start + Size))
        continue;
      Moved[0] = Where[0] - Start + NewStart;
      Result.insert(std::move(Moved), Type);
      continue;
    }
    // "Everywhere" within a range is a list of places. What a longer path starts with is a pointer.
    int Step = typeSize(Where.size() == 1 ? Type : ConcreteType::Pointer, PointerSize);
    for (int64_t Offset = 0; Offset + Step <= Size; Offset += Step) {
      Moved[0] = Offset + NewStart;
      Result.insert(Moved, Type);
    }
  }
  return Result;
}

std::string TypeTree::str() const {
  std::string Text = "{";
  for (const auto &[Where, Type] : Entries) {
    if (Text.size() > 1)
      Text += ", ";
    Text += '[';
    for (size_t I = 0; I != Where.size(); ++I)
      Text += (I ? "," : "") + std::to_string(Where[I]);
    Text += "]:";
    Text += typeName(Type);
  }
  return Text + "}";
}
