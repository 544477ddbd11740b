// What Enzyme is told about the types of values in memory where the metadata
// that rustc generates, see `rustc_codegen_llvm::builder::autodiff::types`, does
// not say.

#include "LLVMWrapper.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Analysis/AliasAnalysis.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"

#include <limits>
#include <optional>

using namespace llvm;

// A function that is there until Enzyme has run, to tell it or LLVM something. What it
// does with memory is for the caller to say.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty) {
  auto *F = cast<Function>(M.getOrInsertFunction(Name, Ty).getCallee());
  F->setDoesNotThrow();
  F->setWillReturn();
  F->setNoSync();
  F->setDoesNotFreeMemory();
  F->addFnAttr("enzyme_no_escaping_allocation");
  return F;
}

namespace {

// What rustc calls the type of what anything is copied as, and of bytes, which may be some of
// a float.
constexpr StringRef Bytes = "bytes";
constexpr StringRef Octets = "u8";

// What gives an integer that may be, or hold, a float, until Enzyme has run. Enzyme
// would take it for anything but a float; of this, it asks for the derivative.
constexpr StringRef UnknownBytes = "rustc.autodiff.bytes.";
constexpr StringRef UnknownCopy = "rustc.autodiff.bytes.copy";
constexpr StringRef UnknownFill = "rustc.autodiff.bytes.fill";

// What rustc says, of a parameter of an adapter, that it points to.
constexpr StringRef Pointee = "rustc.autodiff.pointee";

// What rustc says of a function if no integer in a pair that it returns may be anything else.
constexpr StringRef ReturnsIntegers = "rustc.autodiff.integers";

MDNode *tag(LLVMContext &C, StringRef Name) {
  MDBuilder Builder(C);
  MDNode *Root = Builder.createTBAARoot(("Rust " + Name).str());
  MDNode *Node = Builder.createTBAAScalarTypeNode(Name, Root);
  return Builder.createTBAAStructTagNode(Node, Node, 0);
}

StringRef nameOf(const MDNode *Tag) {
  auto *Type = dyn_cast<MDNode>(Tag->getOperand(1));
  auto *Name = Type ? dyn_cast<MDString>(Type->getOperand(0)) : nullptr;
  return Name ? Name->getString() : "";
}

// A float type by its name, and its name.
Type *floatNamed(StringRef Name, LLVMContext &C) {
  return StringSwitch<Type *>(Name)
      .Case("half", Type::getHalfTy(C))
      .Case("float", Type::getFloatTy(C))
      .Case("double", Type::getDoubleTy(C))
      .Case("fp128", Type::getFP128Ty(C))
      .Default(nullptr);
}

StringRef nameOfFloat(const Type *Ty) {
  return Ty->isHalfTy()     ? "half"
         : Ty->isFloatTy()  ? "float"
         : Ty->isDoubleTy() ? "double"
         : Ty->isFP128Ty()  ? "fp128"
                            : "";
}

// The type that the access itself shows.
StringRef nameOfAccess(const Instruction &I) {
  if (!isa<LoadInst, StoreInst>(I))
    return "";
  Type *Ty = getLoadStoreType(&I)->getScalarType();
  if (StringRef Name = nameOfFloat(Ty); !Name.empty())
    return Name;
  // Nobody calculates with the bits of a float or a pointer.
  if (Ty->isIntegerTy() && any_of(I.users(), [](const User *U) {
        auto *Operation = dyn_cast<BinaryOperator>(U);
        return Operation && !Operation->isBitwiseLogicOp();
      }))
    return "long";
  return "";
}

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

  // \p Size is that of the piece, where only what is at its place in a larger one counts.
  explicit Uses(const Value *Pointer, const DataLayout &Layout,
                const ConstantInt *Size = nullptr)
      : Layout(Layout) {
    const Value *Object = getUnderlyingObject(Pointer);
    APInt Offset(Layout.getIndexTypeSizeInBits(Pointer->getType()), 0);
    // Of several objects, none has a place that is known.
    if (Size && !isa<PHINode, SelectInst>(Object) &&
        Pointer->stripAndAccumulateConstantOffsets(
            Layout, Offset, /*AllowNonInbounds=*/true) == Object) {
      Start = Offset.getSExtValue();
      End = Start + Size->getSExtValue();
      pushObject(Object, 0);
    } else {
      pushObjectsOf(Pointer);
    }
    visitPending();
  }

  // Adds what \p Source is used as, which is copied there.
  void addSource(const Value *Source) {
    pushObjectsOf(Source);
    visitPending();
  }

  // What all of it is, if that is floats of one size.
  Type *floats(LLVMContext &C) const {
    return Differ || HasUntold ? nullptr : floatNamed(Told, C);
  }

private:
  // How far a pointer is from the start of the object, if that is known.
  using Distance = std::optional<int64_t>;

  const DataLayout &Layout;
  int64_t Start = 0, End = std::numeric_limits<int64_t>::max();
  SmallVector<std::pair<const Value *, Distance>> Pending;
  SmallPtrSet<const Value *, 16> Seen;
  SmallPtrSet<const Argument *, 4> Passed;

  void push(const Value *V, Distance At = std::nullopt) {
    // The pointer of an empty `Vec` is a number, which is no object.
    if ((!isa<Constant>(V) || isa<GlobalVariable>(V)) && Seen.insert(V).second)
      Pending.push_back({V, At});
  }

  Distance behind(const GetElementPtrInst &Place, Distance At) const {
    APInt Offset(Layout.getIndexTypeSizeInBits(Place.getType()), 0);
    if (!At || !Place.accumulateConstantOffset(Layout, Offset))
      return std::nullopt;
    return *At + Offset.getSExtValue();
  }

  bool isElsewhere(const Instruction &I, Distance At) const {
    int64_t Size = Layout.getTypeStoreSize(getLoadStoreType(&I)).getFixedValue();
    return At && (*At >= End || *At + Size <= Start);
  }

  void pushObjectsOf(const Value *Pointer) {
    SmallVector<const Value *> Objects;
    getUnderlyingObjects(Pointer, Objects);
    for (const Value *Object : Objects)
      pushObject(Object);
  }

  // What else a callee is passed is no concern of this object: that which frees
  // memory has all objects for its argument.
  void pushObject(const Value *Object, Distance At = std::nullopt) {
    push(Object, At);
    auto *Arg = dyn_cast<Argument>(Object);
    if (Arg && Passed.insert(Arg).second)
      visitArgument(*Arg);
    IsShared |= !Arg && !isIdentifiedFunctionLocal(Object);
  }

  void note(StringRef Name) {
    if (Name == Bytes || Name == Octets)
      return;
    Differ |= !Told.empty() && Told != Name;
    HasFloat |= is_contained({"half", "float", "double", "fp128"}, Name);
    Told = Name;
  }

  void visitPending() {
    while (!Pending.empty()) {
      auto [Next, At] = Pending.pop_back_val();
      visit(Next, At);
    }
  }

  void visit(const Value *Pointer, Distance At) {
    for (const Use &U : Pointer->uses()) {
      auto *I = dyn_cast<Instruction>(U.getUser());
      if (!I)
        continue;
      if (auto *Place = dyn_cast<GetElementPtrInst>(I))
        push(I, behind(*Place, At));
      else if (isa<PHINode, SelectInst>(I))
        push(I);
      else if (auto *Return = dyn_cast<ReturnInst>(I))
        visitReturn(*Return);
      else if (isa<MemIntrinsic>(I))
        visitMetadata(*I);
      else if (auto *Call = dyn_cast<CallBase>(I))
        visitCall(*Call, U, At);
      else if (auto *Store = dyn_cast<StoreInst>(I); Store && U.getOperandNo() == 0)
        IsShared = true;
      else if (getLoadStorePointerOperand(I) == Pointer && !isElsewhere(*I, At))
        visitAccess(*I);
    }
  }

  void visitArgument(const Argument &Arg) {
    const Function &F = *Arg.getParent();
    Attribute Known = F.getAttributes().getParamAttr(Arg.getArgNo(), Pointee);
    if (Known.isValid())
      note(Known.getValueAsString());
    IsShared |= !Known.isValid() && !F.hasLocalLinkage();
    for (const User *U : F.users()) {
      auto *Call = dyn_cast<CallBase>(U);
      if (Call && Call->getCalledFunction() == &F)
        pushObjectsOf(Call->getArgOperand(Arg.getArgNo()));
    }
  }

  // What a function returns, its callers have.
  void visitReturn(const ReturnInst &Return) {
    const Function &F = *Return.getFunction();
    for (const User *U : F.users()) {
      auto *Call = dyn_cast<CallBase>(U);
      if (Call && Call->getCalledFunction() == &F)
        push(Call);
    }
  }

  void visitCall(const CallBase &Call, const Use &U, Distance At) {
    const Function *Callee = Call.getCalledFunction();
    if (Callee && !Callee->isDeclaration() && Call.isArgOperand(&U) &&
        Call.getArgOperandNo(&U) < Callee->arg_size())
      push(Callee->getArg(Call.getArgOperandNo(&U)), At);
  }

  void visitAccess(const Instruction &I) {
    if (visitMetadata(I))
      return;
    StringRef Name = getLoadStoreType(&I)->isPtrOrPtrVectorTy() ? "any pointer"
                                                                : nameOfAccess(I);
    if (Name.empty()) {
      HasUntold = true;
      HasUntoldStore |= isa<StoreInst>(I);
    } else
      note(Name);
  }

  bool visitMetadata(const Instruction &I) {
    MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa);
    if (Tag)
      note(nameOf(Tag));
    return Tag;
  }
};

Function *declareUnknownBytes(Module &M, Type *From, Type *To) {
  std::string Name;
  raw_string_ostream(Name) << UnknownBytes << *From << '.' << *To;
  return LLVMRustDeclareMarker(M, Name, FunctionType::get(To, {From}, false));
}

// The bits of \p Floats as an integer, in which they are lost on Enzyme. The function that gives
// them has an effect, so that Enzyme asks for its derivative.
Value *callUnknown(Value *Floats, Type *Integer, IRBuilder<> &Builder) {
  Module &M = *Builder.GetInsertBlock()->getModule();
  Function *Unknown = declareUnknownBytes(M, Floats->getType(), Integer);
  Unknown->setMemoryEffects(MemoryEffects::inaccessibleMemOnly());
  return Builder.CreateCall(Unknown, {Floats});
}

// Makes \p Load, which loads an integer, one of the floats that are there.
void loadFloats(LoadInst &Load, Type *Float) {
  IRBuilder<> Builder(&Load);
  Type *Ty = Load.getType();
  unsigned Width = Ty->getIntegerBitWidth();
  unsigned FloatWidth = Float->getScalarSizeInBits();
  // What is smaller is never reached: code for all sizes, of which the floats
  // have another.
  if (Width % FloatWidth != 0)
    return;
  Type *FloatTy =
      Width == FloatWidth ? Float : FixedVectorType::get(Float, Width / FloatWidth);
  MDNode *Tag = tag(Load.getContext(), nameOfFloat(Float));
  LoadInst *Floats =
      Builder.CreateAlignedLoad(FloatTy, Load.getPointerOperand(), Load.getAlign());
  Floats->setMetadata(LLVMContext::MD_tbaa, Tag);
  Value *Integer = Builder.CreateBitCast(Floats, Ty);
  for (User *U : make_early_inc_range(Load.users())) {
    auto *Store = dyn_cast<StoreInst>(U);
    if (!Store || Store->getValueOperand() != &Load || !Store->isSimple())
      continue;
    IRBuilder<> AtStore(Store);
    // Several floats become one integer, of which parts are taken later: a copy has a tag.
    if (FloatTy->isVectorTy() && !Store->hasMetadata(LLVMContext::MD_tbaa)) {
      Store->setOperand(0, callUnknown(Floats, Ty, AtStore));
      continue;
    }
    StoreInst *New = AtStore.CreateAlignedStore(Floats, Store->getPointerOperand(),
                                                Store->getAlign());
    New->setMetadata(LLVMContext::MD_tbaa, Tag);
    Store->eraseFromParent();
  }
  Load.replaceAllUsesWith(Integer);
  Load.eraseFromParent();
}

Uses usesOf(const LoadInst &Load) {
  const DataLayout &Layout = Load.getDataLayout();
  uint64_t Size = Layout.getTypeStoreSize(Load.getType()).getFixedValue();
  return Uses(Load.getPointerOperand(), Layout,
              ConstantInt::get(Type::getInt64Ty(Load.getContext()), Size));
}

// Where LLVM has made one load of two that are side by side, it does not say any more what
// is loaded.
void loadMerged(LoadInst &Load) {
  Uses Uses = usesOf(Load);
  Type *Float = floatNamed(Uses.Told, Load.getContext());
  if (Float && !Uses.Differ && !Uses.HasUntoldStore)
    loadFloats(Load, Float);
}

// Bytes of floats that are loaded as an integer are loaded as floats instead.
void loadBytes(LoadInst &Load) {
  LLVMContext &C = Load.getContext();
  Uses Uses = usesOf(Load);
  bool IsKnown = !Uses.Told.empty() || Uses.HasUntold;
  if (!Uses.HasFloat && IsKnown) {
    Load.setMetadata(LLVMContext::MD_tbaa, nullptr);
    return;
  }
  if (Type *Float = Uses.floats(C)) {
    loadFloats(Load, Float);
    return;
  }
  IRBuilder<> Builder(&Load);
  Function *Unknown = declareUnknownBytes(
      *Load.getModule(), Load.getPointerOperandType(), Load.getType());
  // It has an effect, so that Enzyme asks for its derivative.
  Unknown->setMemoryEffects(MemoryEffects::argMemOnly(ModRefInfo::Ref) |
                            MemoryEffects::inaccessibleMemOnly());
  CallInst *Call = Builder.CreateCall(Unknown, {Load.getPointerOperand()});
  Call->addParamAttr(0, Attribute::getWithAlignment(C, Load.getAlign()));
  Load.replaceAllUsesWith(Call);
  Load.eraseFromParent();
}

// A copy or a fill of bytes that are, in part, floats is lost on Enzyme.
void refuse(MemIntrinsic &Call) {
  Module &M = *Call.getModule();
  IRBuilder<> Builder(&Call);
  auto *Copy = dyn_cast<MemCpyInst>(&Call);
  Value *Args[] = {Call.getDest(), Call.getArgOperand(1), Call.getLength()};
  Type *Types[] = {Args[0]->getType(), Args[1]->getType(), Args[2]->getType()};
  Function *Unknown =
      LLVMRustDeclareMarker(M, Copy ? UnknownCopy : UnknownFill,
                            FunctionType::get(Builder.getVoidTy(), Types, false));
  Unknown->setMemoryEffects(MemoryEffects::argMemOnly());
  Unknown->addParamAttr(0, Attribute::WriteOnly);
  if (Copy)
    Unknown->addParamAttr(1, Attribute::ReadOnly);
  for (unsigned Index = 0; Index < (Copy ? 2 : 1); ++Index)
    Unknown->addParamAttr(
        Index, Attribute::getWithCaptureInfo(M.getContext(), CaptureInfo::none()));
  Builder.CreateCall(Unknown, Args);
  Call.eraseFromParent();
}

// Enzyme's own name of what is called \p Name in metadata.
std::string enzymeName(StringRef Name, LLVMContext &C) {
  return floatNamed(Name, C)     ? ("Float@" + Name).str()
         : Name == "any pointer" ? "Pointer"
                                 : "Integer";
}

// Tells Enzyme, as the type of all that \p Call copies or fills, what it is by \p Name.
// What the places are at other times, it does not ask then.
void tellType(MemIntrinsic &Call, StringRef Name) {
  LLVMContext &C = Call.getContext();
  Metadata *Start = ConstantAsMetadata::get(ConstantInt::get(Type::getInt64Ty(C), 0));
  Call.setMetadata(LLVMContext::MD_tbaa, tag(C, Name));
  Call.setMetadata("enzyme_truetype", MDNode::get(C, {MDString::get(C, enzymeName(Name, C)), Start}));
}

// What \p V is by its type, or because it is taken out of what a function returns in which
// each integer is one.
StringRef nameOfElement(const Value &V) {
  if (V.getType()->isPointerTy())
    return "any pointer";
  auto *Extract = dyn_cast<ExtractValueInst>(&V);
  auto *Call = Extract ? dyn_cast<CallBase>(Extract->getAggregateOperand()) : nullptr;
  const Function *Callee = Call ? Call->getCalledFunction() : nullptr;
  if (V.getType()->isIntegerTy() && Callee && Callee->hasFnAttribute(ReturnsIntegers))
    return "long";
  return nameOfFloat(V.getType());
}

// Tells Enzyme what is taken out of a structure, or put there, which it would ask those who
// use it: at \p Offset in what \p I is, or everywhere.
void tellType(Instruction &I, const Value &Element, int64_t Offset) {
  StringRef Name = nameOfElement(Element);
  if (Name.empty())
    return;
  LLVMContext &C = I.getContext();
  Metadata *At = ConstantAsMetadata::get(ConstantInt::getSigned(Type::getInt32Ty(C), Offset));
  MDNode *Kind = MDNode::get(C, MDString::get(C, enzymeName(Name, C)));
  I.setMetadata("enzyme_type", MDNode::get(C, {MDString::get(C, "Unknown"), At, Kind}));
}

// Whether a pointer may be a number, as that in `fmt::Arguments` is.
bool isAlsoNumber(const Instruction &Pointer) {
  return any_of(Pointer.users(), IsaPred<PtrToIntInst, PtrToAddrInst>);
}

void tellType(Instruction &I) {
  // Of a pointer that is loaded from memory without a derivative, Enzyme would make a null
  // pointer for its shadow if it did not know that it is one.
  if (isa<LoadInst, CallBase>(I) && I.getType()->isPointerTy() && !isAlsoNumber(I))
    return tellType(I, I, -1);
  if (auto *Extract = dyn_cast<ExtractValueInst>(&I))
    return tellType(I, I, -1);
  auto *Insert = dyn_cast<InsertValueInst>(&I);
  auto *Struct = Insert ? dyn_cast<StructType>(Insert->getType()) : nullptr;
  if (!Struct || Insert->getNumIndices() != 1)
    return;
  const StructLayout *Layout = I.getDataLayout().getStructLayout(Struct);
  tellType(I, *Insert->getInsertedValueOperand(),
           Layout->getElementOffset(Insert->getIndices().front()).getFixedValue());
}

// Says of memory that is filled, or copied as bytes, what it is used as, if that is one
// thing, or no float.
void describe(MemIntrinsic &Call) {
  MDNode *Tag = Call.getMetadata(LLVMContext::MD_tbaa);
  StringRef Name = Tag ? nameOf(Tag) : "";
  if (Tag && Name != Bytes && Name != Octets)
    return tellType(Call, Name);
  Uses Uses(Call.getDest(), Call.getDataLayout(),
            dyn_cast<ConstantInt>(Call.getLength()));
  auto *Copy = dyn_cast<MemCpyInst>(&Call);
  if (Copy && (Uses.Told.empty() || !isa<ConstantInt>(Call.getLength())))
    Uses.addSource(Copy->getSource());
  if (Uses.Told.empty() && !Tag)
    return;
  if (!Uses.HasFloat && !(Name == Bytes && Uses.IsShared))
    tellType(Call, "long");
  else if (Uses.HasFloat && !Uses.Differ && !(Copy && Uses.HasUntold))
    tellType(Call, Uses.Told);
  else
    refuse(Call);
}

// Whether an integer that is calculated from the bits that \p Bits has leaves this function
// or goes to memory, or becomes a float again; or whether the bits go where they may be compared
// and exchanged.
bool isKept(const Value &Bits) {
  SmallVector<std::pair<const Value *, bool>> Pending{{&Bits, false}};
  SmallPtrSet<const Value *, 16> Seen;
  while (!Pending.empty()) {
    auto [From, IsCalculated] = Pending.pop_back_val();
    for (const User *U : From->users()) {
      bool IsBitCast = isa<BitCastInst>(U) && U->getType()->isFPOrFPVectorTy();
      if (isa<AtomicCmpXchgInst, AtomicRMWInst>(U))
        return true;
      if (isa<StoreInst, ReturnInst>(U) || IsBitCast ||
          (isa<CallBase>(U) && !isa<IntrinsicInst>(U))) {
        if (IsCalculated)
          return true;
        continue;
      }
      bool IsCopy = isa<PHINode, SelectInst, FreezeInst>(U);
      bool IsCalculation = isa<BinaryOperator, CastInst, IntrinsicInst>(U) &&
                           U->getType()->isIntOrIntVectorTy();
      if ((IsCopy || IsCalculation) && Seen.insert(U).second)
        Pending.push_back({U, IsCalculated || IsCalculation});
    }
  }
  return false;
}

// The bits of a float that become part of another integer are lost on Enzyme.
void refuseBits(BitCastInst &Cast) {
  if (!Cast.getSrcTy()->isFPOrFPVectorTy() || !Cast.getDestTy()->isIntegerTy() ||
      !isKept(Cast))
    return;
  IRBuilder<> Builder(&Cast);
  Cast.replaceAllUsesWith(callUnknown(Cast.getOperand(0), Cast.getDestTy(), Builder));
  Cast.eraseFromParent();
}

} // namespace

void LLVMRustTagReturned(LoadInst &Load, const Function &Callee) {
  if (Load.getType()->isIntegerTy() && Callee.hasFnAttribute(ReturnsIntegers))
    Load.setMetadata(LLVMContext::MD_tbaa, tag(Load.getContext(), "long"));
}

void LLVMRustTellTypes(Function &F) {
  for (Instruction &I : instructions(F)) {
    MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa);
    StringRef Name = nameOfAccess(I);
    if (!Name.empty() && (!Tag || floatNamed(Name, I.getContext())))
      I.setMetadata(LLVMContext::MD_tbaa, tag(I.getContext(), Name));
    tellType(I);
  }
  SmallVector<LoadInst *> Loads;
  SmallVector<MemIntrinsic *> Moves;
  for (Instruction &I : instructions(F)) {
    if (auto *Move = dyn_cast<MemIntrinsic>(&I))
      Moves.push_back(Move);
    auto *Load = dyn_cast<LoadInst>(&I);
    if (Load && Load->isSimple() && Load->getType()->isIntegerTy())
      Loads.push_back(Load);
  }
  for (LoadInst *Load : Loads) {
    const MDNode *Tag = Load->getMetadata(LLVMContext::MD_tbaa);
    StringRef Name = Tag ? nameOf(Tag) : "";
    if (Type *Float = floatNamed(Name, F.getContext())) {
      loadFloats(*Load, Float);
      continue;
    }
    // There is no float in fewer bytes.
    if (Load->getType()->getIntegerBitWidth() < 32)
      continue;
    if (!Tag)
      loadMerged(*Load);
    else if (Name == Bytes || Name == Octets)
      loadBytes(*Load);
  }
  SmallVector<BitCastInst *> Casts;
  for (Instruction &I : instructions(F))
    if (auto *Cast = dyn_cast<BitCastInst>(&I))
      Casts.push_back(Cast);
  for (BitCastInst *Cast : Casts)
    refuseBits(*Cast);
  for (MemIntrinsic *Move : Moves)
    describe(*Move);
}

bool LLVMRustHoldsFloat(const GlobalVariable &Static) {
  return Uses(&Static, Static.getDataLayout()).HasFloat;
}

void LLVMRustForgetUnknownBytes(Module &M) {
  for (Function &F : make_early_inc_range(M)) {
    if (!F.getName().starts_with(UnknownBytes))
      continue;
    for (User *U : make_early_inc_range(F.users())) {
      auto *Call = cast<CallBase>(U);
      IRBuilder<> Builder(Call);
      Value *From = Call->getArgOperand(0);
      if (F.getName() == UnknownCopy || F.getName() == UnknownFill) {
        Value *Source = Call->getArgOperand(1), *Size = Call->getArgOperand(2);
        if (F.getName() == UnknownCopy)
          Builder.CreateMemCpy(From, MaybeAlign(), Source, MaybeAlign(), Size);
        else
          Builder.CreateMemSet(From, Source, Size, MaybeAlign());
        Call->eraseFromParent();
        continue;
      }
      Value *Bytes = From->getType()->isPointerTy()
                         ? Builder.CreateAlignedLoad(Call->getType(), From,
                                                     Call->getParamAlign(0))
                         : Builder.CreateBitCast(From, Call->getType());
      Call->replaceAllUsesWith(Bytes);
      Call->eraseFromParent();
    }
    F.eraseFromParent();
  }
}
