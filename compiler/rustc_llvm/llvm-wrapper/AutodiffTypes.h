// What memory is used as, and by what names rustc and Enzyme know the types of values.

#ifndef INCLUDED_AUTODIFF_TYPES_H
#define INCLUDED_AUTODIFF_TYPES_H

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Metadata.h"

#include <limits>
#include <optional>

namespace autodiff {

using namespace llvm;

// What rustc calls the type of what anything is copied as, and of bytes, which may be some of
// a float.
constexpr StringRef Bytes = "bytes";
constexpr StringRef Octets = "u8";

// Begins the name of what gives the pointer that it is passed, where that is cast. What the pointer has
// pointed to, if that is one kind of float, the rest of the name says.
constexpr StringRef CastName = "rustc.autodiff.cast.";

// The access tag by which rustc and Enzyme name a type.
MDNode *tag(LLVMContext &C, StringRef Name);

// The name of the type in an access tag.
StringRef nameOf(const MDNode *Tag);

// A float type by its name, and its name.
Type *floatNamed(StringRef Name, LLVMContext &C);
StringRef nameOfFloat(const Type *Ty);

// Whether an integer is the difference of two addresses.
bool isDistance(const Instruction &I);

// Whether \p Pointer leads into an argument of a primal that is `Const` in all its derivatives.
bool isOfConstArgument(const Value &Pointer);

// The type that the access itself shows.
StringRef nameOfAccess(const Instruction &I);

// What gives \p To, of which nobody knows whether it is a float, until Enzyme has run. Enzyme
// would take it for anything but a float; of this, it asks for the derivative.
Function *declareUnknownBytes(Module &M, Type *From, Type *To);

// What a piece of memory is used as, as far as its users show, in this function
// and in those that it is passed to and from.
class Uses {
public:
  // The type that everything has of which something is told, if it is one.
  StringRef Told;
  // Whether something has another type.
  bool Differ = false;
  // Whether something is a float.
  bool HasFloat = false;
  // Whether there is something of which nothing is told, not even bytes.
  bool HasUntold = false;
  // Whether something is stored of which nothing is told.
  bool HasUntoldStore = false;
  // Whether somebody else may use it, who is not seen here.
  bool IsShared = false;
  // What uses it.
  SmallVector<const Instruction *> Accesses;

  // \p Size is that of the piece, where only what is at its place in a larger one counts.
  // \p CountCopies says whether copies of integers count.
  explicit Uses(const Value *Pointer, const DataLayout &Layout,
                const ConstantInt *Size = nullptr, bool CountCopies = true);

  // Nothing, to begin with.
  explicit Uses(const DataLayout &Layout);

  // Adds what is accessed by \p Pointer, and not by others to the same memory.
  void follow(const Value *Pointer);

  // Whether what is accessed by \p Pointer has been added, not only what is by others.
  bool follows(const Value *Pointer) const { return Seen.contains(Pointer); }

  // Adds what \p Source is used as, which is copied there.
  void addSource(const Value *Source);

  // What all of it is, if that is floats of one size.
  Type *floats(LLVMContext &C) const {
    return Differ || HasUntold ? nullptr : floatNamed(Told, C);
  }

  // Whether all that is ever done with what \p Call copies or fills is to compare it. Through a
  // comparison no derivative goes.
  bool isOnlyCompared(const MemIntrinsic &Call) const;

private:
  // How far a pointer is from the start of the object, if that is known.
  using Distance = std::optional<int64_t>;

  const DataLayout &Layout;
  const bool CountCopies;
  int64_t Start = 0, End = std::numeric_limits<int64_t>::max();
  SmallVector<std::pair<const Value *, Distance>> Pending;
  SmallPtrSet<const Value *, 16> Seen;
  SmallPtrSet<const Argument *, 4> Passed;

  void push(const Value *V, Distance At = std::nullopt);
  Distance behind(const GetElementPtrInst &Place, Distance At) const;
  bool isElsewhere(const Instruction &I, Distance At) const;
  void pushObjectsOf(const Value *Pointer);
  void pushObject(const Value *Object, Distance At = std::nullopt);
  void note(StringRef Name);
  void visitPending();
  void visit(const Value *Pointer, Distance At);
  void visitArgument(const Argument &Arg);
  void visitReturn(const ReturnInst &Return);
  void visitCall(const CallBase &Call, const Use &U, Distance At);
  void visitAccess(const Instruction &I);
  bool visitMetadata(const Instruction &I);
};

} // namespace autodiff

#endif // INCLUDED_AUTODIFF_TYPES_H
