// What Enzyme is told about the types of values in memory where the metadata
// that rustc generates, see `rustc_codegen_llvm::builder::autodiff::types`, does
// not say.

#include "AutodiffTypes.h"
#include "LLVMWrapper.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ValueHandle.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;
using namespace autodiff;

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

// Removes such a function with its calls. If those return anything, that becomes \p Result.
void LLVMRustReplaceCalls(Function &F, Value *Result = nullptr) {
  for (User *U : make_early_inc_range(F.users())) {
    auto *Call = cast<CallBase>(U);
    if (Result)
      Call->replaceAllUsesWith(Result);
    Call->eraseFromParent();
  }
  F.eraseFromParent();
}

namespace {

// The names of what has no derivative, as nobody knows whether it is a float.
constexpr StringRef UnknownBytes = "rustc.autodiff.bytes.";
constexpr StringRef UnknownCopy = "rustc.autodiff.bytes.copy";
constexpr StringRef UnknownFill = "rustc.autodiff.bytes.fill";
constexpr StringRef UnknownStore = "rustc.autodiff.bytes.store.";

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

// What a load or a store accesses.
Uses usesOf(const Instruction &I) {
  const DataLayout &Layout = I.getDataLayout();
  uint64_t Size = Layout.getTypeStoreSize(getLoadStoreType(&I)).getFixedValue();
  return Uses(getLoadStorePointerOperand(&I), Layout,
              ConstantInt::get(Type::getInt64Ty(I.getContext()), Size));
}

// Where LLVM has made one load of two that are side by side, it does not say any more what
// is loaded. Nor does it of a single one for which a caller has been made to load what its callee
// did: an integer of the size of a float may be one.
void loadMerged(LoadInst &Load) {
  Uses Uses = usesOf(Load);
  Type *Float = floatNamed(Uses.Told, Load.getContext());
  if (Float && Load.getType()->getIntegerBitWidth() > Float->getScalarSizeInBits() &&
      !Uses.Differ && !Uses.HasUntoldStore)
    loadFloats(Load, Float);
}

// An integer that may be, or be a part of, a float.
void refuse(LoadInst &Load) {
  LLVMContext &C = Load.getContext();
  IRBuilder<> Builder(&Load);
  Function *Unknown = declareUnknownBytes(
      *Load.getModule(), Load.getPointerOperandType(), Load.getType());
  // It has an effect, so that Enzyme asks for its derivative.
  Unknown->setMemoryEffects(MemoryEffects::argMemOnly(ModRefInfo::Ref) |
                            MemoryEffects::inaccessibleMemOnly());
  CallInst *Call = Builder.CreateCall(Unknown, {Load.getPointerOperand()});
  Call->addParamAttr(0, Attribute::getWithAlignment(C, Load.getAlign()));
  // A `Const` union is not asked, but Enzyme takes what is in it for a pointer, by which something
  // active may be stored.
  if (isOfConstArgument(*Load.getPointerOperand()))
    Call->addFnAttr(Attribute::get(C, "enzyme_inactive"));
  Load.replaceAllUsesWith(Call);
  Load.eraseFromParent();
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
  if (Type *Float = Uses.floats(C))
    loadFloats(Load, Float);
  else
    refuse(Load);
}

// The floats, or the float, of which \p Bits has the bits.
Value *floatsOf(Value *Bits) {
  auto *Cast = dyn_cast<BitCastInst>(Bits);
  return Cast && Cast->getSrcTy()->isFPOrFPVectorTy() ? Cast->getOperand(0) : nullptr;
}

// Stores floats in place of their bits.
void storeFloats(StoreInst &Store, Value *Floats) {
  StringRef Name = nameOfFloat(Floats->getType()->getScalarType());
  IRBuilder<>(&Store)
      .CreateAlignedStore(Floats, Store.getPointerOperand(), Store.getAlign())
      ->setMetadata(LLVMContext::MD_tbaa, tag(Store.getContext(), Name));
  Store.eraseFromParent();
}

// Bytes that become floats are stored as floats instead, if they are that already, or a number.
void storeBytes(StoreInst &Store) {
  Value *Stored = Store.getValueOperand();
  Uses Uses = usesOf(Store);
  // Where there is something else as well, this may be that.
  if (!Uses.HasFloat || Uses.Differ)
    return;
  IRBuilder<> Builder(&Store);
  Type *Float = Uses.floats(Store.getContext());
  if (Value *Floats = floatsOf(Stored))
    return storeFloats(Store, Floats);
  if (Float && isa<ConstantInt>(Stored) &&
      Float->getScalarSizeInBits() == Stored->getType()->getIntegerBitWidth())
    return storeFloats(Store, Builder.CreateBitCast(Stored, Float));
  std::string Name;
  raw_string_ostream(Name) << UnknownStore << *Stored->getType();
  Value *Pointer = Store.getPointerOperand();
  Function *Unknown = LLVMRustDeclareMarker(
      *Store.getModule(), Name,
      FunctionType::get(Builder.getVoidTy(), {Stored->getType(), Pointer->getType()}, false));
  Unknown->setMemoryEffects(MemoryEffects::argMemOnly());
  Builder.CreateCall(Unknown, {Stored, Pointer})
      ->addParamAttr(1, Attribute::getWithAlignment(Store.getContext(), Store.getAlign()));
  Store.eraseFromParent();
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

// What \p V is by its type.
StringRef nameOfElement(const Value &V) {
  return V.getType()->isPointerTy() ? "any pointer" : nameOfFloat(V.getType());
}

// Tells Enzyme what is taken out of a structure, or put there, which it would ask those who
// use it: at \p Offset in what \p I is, or everywhere.
void tellType(Instruction &I, StringRef Name, int64_t Offset) {
  if (Name.empty())
    return;
  LLVMContext &C = I.getContext();
  Metadata *At = ConstantAsMetadata::get(ConstantInt::getSigned(Type::getInt32Ty(C), Offset));
  MDNode *Kind = MDNode::get(C, MDString::get(C, enzymeName(Name, C)));
  I.setMetadata("enzyme_type", MDNode::get(C, {MDString::get(C, "Unknown"), At, Kind}));
}

// Whether \p U takes the sign and the exponent of the bits of a float and leaves the rest. They are the
// same for all floats nearby.
bool leavesMantissa(const User &U) {
  auto *Operation = dyn_cast<BinaryOperator>(&U);
  auto *By = Operation ? dyn_cast<ConstantInt>(Operation->getOperand(1)) : nullptr;
  if (!By)
    return false;
  unsigned Width = By->getBitWidth(), Mantissa = Width == 64   ? 52
                                                 : Width == 32 ? 23
                                                 : Width == 16 ? 10
                                                               : Width;
  return (Operation->getOpcode() == Instruction::LShr && By->getValue().uge(Mantissa)) ||
         (Operation->getOpcode() == Instruction::And &&
          By->getValue().countr_zero() >= Mantissa);
}

// Whether a pointer may be a number, as that in `fmt::Arguments` is.
bool isAlsoNumber(const Instruction &Pointer) {
  return any_of(Pointer.users(), IsaPred<PtrToIntInst, PtrToAddrInst>);
}

// Whether a number is only compared, or one of several that are.
bool isCompared(const Instruction &I) {
  return all_of(I.users(), [](const User *U) {
    return isa<ICmpInst>(U) || (isa<PHINode>(U) && all_of(U->users(), IsaPred<ICmpInst>));
  });
}

void tellType(Instruction &I) {
  // Where LLVM finds out that one of the pointers is that of an empty `Vec`, Enzyme takes the distance for a
  // pointer, and fails if it is told something else. Of what is compared, it need not be told.
  if (isDistance(I))
    return isCompared(I) ? void() : tellType(I, "long", -1);
  // Of a pointer that is loaded from memory without a derivative, Enzyme would make a null
  // pointer for its shadow if it did not know that it is one.
  if (isa<LoadInst, CallBase>(I) && I.getType()->isPointerTy() && !isAlsoNumber(I))
    return tellType(I, nameOfElement(I), -1);
  if (isa<ExtractValueInst>(I))
    return tellType(I, nameOfElement(I), -1);
  // Of the tags of floats, Enzyme knows those of these two.
  Type *Ty = I.getType()->getScalarType();
  if (isa<LoadInst>(I) && !Ty->isFloatTy() && !Ty->isDoubleTy())
    return tellType(I, nameOfFloat(Ty), -1);
  // Of lanes that are zero, Enzyme does not know of which kind.
  if (isa<PHINode>(I) && I.getType()->isVectorTy())
    return tellType(I, nameOfFloat(I.getType()->getScalarType()), -1);
  auto *Insert = dyn_cast<InsertValueInst>(&I);
  auto *Struct = Insert ? dyn_cast<StructType>(Insert->getType()) : nullptr;
  if (!Struct || Insert->getNumIndices() != 1)
    return;
  const StructLayout *Layout = I.getDataLayout().getStructLayout(Struct);
  tellType(I, nameOfElement(*Insert->getInsertedValueOperand()),
           Layout->getElementOffset(Insert->getIndices().front()).getFixedValue());
}

// The type of the floats that \p Copy, which copies integers, copies by their bits: where these
// come from and go to, there is nothing else.
StringRef nameOfBits(const MemCpyInst &Copy) {
  const DataLayout &Layout = Copy.getDataLayout();
  for (const Value *Place : {Copy.getDest(), Copy.getSource()})
    if (Place->stripPointerCasts() != getUnderlyingObject(Place))
      return "";
  Uses Uses(Copy.getDest(), Layout, nullptr, /*CountCopies=*/false);
  Uses.addSource(Copy.getSource());
  return Uses.floats(Copy.getContext()) ? Uses.Told : "";
}

// Says of memory that is filled, or copied as bytes, what it is used as, if that is one
// thing, or no float.
void describe(MemIntrinsic &Call) {
  MDNode *Tag = Call.getMetadata(LLVMContext::MD_tbaa);
  StringRef Name = Tag ? nameOf(Tag) : "";
  auto *Copy = dyn_cast<MemCpyInst>(&Call);
  if (Tag && Name != Bytes && Name != Octets) {
    StringRef Floats = Copy && Name == "long" ? nameOfBits(*Copy) : "";
    return tellType(Call, Floats.empty() ? Name : Floats);
  }
  Uses Uses(Call.getDest(), Call.getDataLayout(),
            dyn_cast<ConstantInt>(Call.getLength()));
  if (Uses.isOnlyCompared(Call))
    return tellType(Call, "long");
  if (Copy && (Name == Bytes || Uses.Told.empty() || !isa<ConstantInt>(Call.getLength())))
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
// and exchanged, or by another thread. Of a part of the bits, this asks for the part as well.
bool isKept(const Value &Bits, bool ArePart = false) {
  SmallVector<std::pair<const Value *, bool>> Pending{{&Bits, ArePart}};
  SmallPtrSet<const Value *, 16> Seen;
  while (!Pending.empty()) {
    auto [From, IsCalculated] = Pending.pop_back_val();
    for (const User *U : From->users()) {
      if (!IsCalculated && leavesMantissa(*U))
        continue;
      bool IsBitCast = isa<BitCastInst>(U) && U->getType()->isFPOrFPVectorTy();
      if (cast<Instruction>(U)->isAtomic())
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

// What takes, turns or sets the sign by the bits of \p Float, as an operation on floats.
Value *operationOnSign(const BinaryOperator &Operation, Value *Float, IRBuilder<> &Builder) {
  auto *Mask = dyn_cast<ConstantInt>(Operation.getOperand(1));
  if (!Mask)
    return nullptr;
  bool IsSign = Mask->getValue().isSignMask(), IsRest = Mask->getValue().isMaxSignedValue();
  switch (Operation.getOpcode()) {
  case Instruction::And:
    return IsRest ? Builder.CreateUnaryIntrinsic(Intrinsic::fabs, Float) : nullptr;
  case Instruction::Xor:
    return IsSign ? Builder.CreateFNeg(Float) : nullptr;
  case Instruction::Or:
    return IsSign ? Builder.CreateFNeg(Builder.CreateUnaryIntrinsic(Intrinsic::fabs, Float))
                  : nullptr;
  default:
    return nullptr;
  }
}

// Makes of the bits of a float, or of floats, that Enzyme does not know what it knows.
void explainOperations(BitCastInst &Cast) {
  Value *Float = Cast.getOperand(0);
  if (!Float->getType()->isFPOrFPVectorTy() || !Cast.getType()->isIntegerTy())
    return;
  for (User *U : make_early_inc_range(Cast.users())) {
    if (isa<BitCastInst>(U) && U->getType() == Float->getType()) {
      U->replaceAllUsesWith(Float);
      cast<Instruction>(U)->eraseFromParent();
      continue;
    }
    auto *Operation = dyn_cast<BinaryOperator>(U);
    if (!Operation || Float->getType()->isVectorTy())
      continue;
    if (leavesMantissa(*Operation)) {
      tellType(*Operation, "long", -1);
      continue;
    }
    IRBuilder<> Builder(Operation);
    if (Value *Result = operationOnSign(*Operation, Float, Builder)) {
      Operation->replaceAllUsesWith(Builder.CreateBitCast(Result, Operation->getType()));
      Operation->eraseFromParent();
    }
  }
}

// Takes the lanes out of a vector of floats itself, where they are taken out of its bits.
void explainLanes(BitCastInst &Cast) {
  auto *Vector = dyn_cast<FixedVectorType>(Cast.getSrcTy());
  if (!Vector || !Vector->getElementType()->isFloatingPointTy() ||
      !Cast.getDestTy()->isIntegerTy() || Cast.getDataLayout().isBigEndian())
    return;
  unsigned Width = Vector->getScalarSizeInBits();
  auto takeLane = [&](User *U, uint64_t Lane) {
    auto *Part = dyn_cast<TruncInst>(U);
    if (!Part || Part->getType()->getIntegerBitWidth() != Width)
      return;
    IRBuilder<> Builder(Part);
    Value *Float = Builder.CreateExtractElement(Cast.getOperand(0), Lane);
    auto *Bits = cast<BitCastInst>(Builder.CreateBitCast(Float, Part->getType()));
    Part->replaceAllUsesWith(Bits);
    Part->eraseFromParent();
    explainOperations(*Bits);
  };
  for (User *U : make_early_inc_range(Cast.users())) {
    auto *Shift = dyn_cast<BinaryOperator>(U);
    auto *By = Shift && Shift->getOpcode() == Instruction::LShr
                   ? dyn_cast<ConstantInt>(Shift->getOperand(1))
                   : nullptr;
    if (!By) {
      takeLane(U, 0);
    } else if (uint64_t Bits = By->getZExtValue(); Bits % Width == 0) {
      for (User *Shifted : make_early_inc_range(Shift->users()))
        takeLane(Shifted, Bits / Width);
      if (Shift->use_empty())
        Shift->eraseFromParent();
    }
  }
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

Function *autodiff::declareUnknownBytes(Module &M, Type *From, Type *To) {
  std::string Name;
  raw_string_ostream(Name) << UnknownBytes << *From << '.' << *To;
  return LLVMRustDeclareMarker(M, Name, FunctionType::get(To, {From}, false));
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
    // There is no float in fewer bytes, but a part of one.
    if (Load->getType()->getIntegerBitWidth() < 32) {
      if (Name == Bytes && isKept(*Load, /*ArePart=*/true))
        refuse(*Load);
      continue;
    }
    if (!Tag)
      loadMerged(*Load);
    else if (Name == Bytes || Name == Octets)
      loadBytes(*Load);
  }
  SmallVector<WeakTrackingVH> Explained;
  for (Instruction &I : instructions(F))
    if (isa<BitCastInst>(I))
      Explained.push_back(&I);
  for (Value *V : Explained)
    if (auto *Cast = dyn_cast_or_null<BitCastInst>(V)) {
      explainOperations(*Cast);
      explainLanes(*Cast);
    }
  SmallVector<BitCastInst *> Casts;
  SmallVector<StoreInst *> Stores;
  for (Instruction &I : instructions(F)) {
    if (auto *Cast = dyn_cast<BitCastInst>(&I))
      Casts.push_back(Cast);
    auto *Store = dyn_cast<StoreInst>(&I);
    MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa);
    // Nobody says of what a function returns in an integer that it is one.
    if (Store && Store->isSimple() &&
        (Tag ? nameOf(Tag) == Bytes : floatsOf(Store->getValueOperand()) != nullptr))
      Stores.push_back(Store);
  }
  for (BitCastInst *Cast : Casts)
    refuseBits(*Cast);
  for (StoreInst *Store : Stores)
    if (Store->hasMetadata(LLVMContext::MD_tbaa))
      storeBytes(*Store);
    else if (Value *Floats = floatsOf(Store->getValueOperand()))
      storeFloats(*Store, Floats);
  for (MemIntrinsic *Move : Moves)
    describe(*Move);
}

// Whether \p I accesses a float where there are bytes to others. What is aligned as floats are is no buffer of bytes.
static bool isFloatInBytes(Instruction &I) {
  if (!isa<LoadInst, StoreInst>(I))
    return false;
  const DataLayout &Layout = I.getDataLayout();
  Type *Ty = getLoadStoreType(&I)->getScalarType();
  const MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa);
  if (!Ty->isFloatingPointTy() || (Tag && is_contained({Bytes, Octets}, nameOf(Tag))))
    return Ty->isFloatingPointTy();
  Align Natural = Layout.getABITypeAlign(Ty);
  // An access that LLVM has made of a copy may have less than there is.
  return getLoadStoreAlignment(&I) < Natural &&
         getKnownAlignment(getLoadStorePointerOperand(&I), Layout) < Natural;
}

// A `u8` is a number, unless floats become bytes somewhere. Then, each may be a part of one: those who move a
// buffer of bytes need not know what it is for.
void LLVMRustSuspectOctets(Module &M) {
  if (none_of(M, [](Function &F) { return any_of(instructions(F), isFloatInBytes); }))
    return;
  MDNode *Suspect = tag(M.getContext(), Bytes);
  for (Function &F : M)
    for (Instruction &I : instructions(F))
      if (MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa); Tag && nameOf(Tag) == Octets)
        I.setMetadata(LLVMContext::MD_tbaa, Suspect);
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
      if (F.getName().starts_with(UnknownStore)) {
        Builder.CreateAlignedStore(From, Call->getArgOperand(1), Call->getParamAlign(1));
        Call->eraseFromParent();
        continue;
      }
      bool IsLoad = From->getType()->isPointerTy() && !Call->getType()->isPointerTy();
      Value *Bytes = IsLoad ? Builder.CreateAlignedLoad(Call->getType(), From,
                                                        Call->getParamAlign(0))
                            : Builder.CreateBitCast(From, Call->getType());
      Call->replaceAllUsesWith(Bytes);
      Call->eraseFromParent();
    }
    F.eraseFromParent();
  }
}
