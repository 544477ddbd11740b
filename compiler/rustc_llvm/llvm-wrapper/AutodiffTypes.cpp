// What Enzyme is told about the types of values in memory where the metadata
// that rustc generates, see `rustc_codegen_llvm::builder::autodiff::types`, does
// not say.

#include "LLVMWrapper.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

#include <limits>
#include <numeric>
#include <optional>

using namespace llvm;
using namespace llvm::PatternMatch;

// A function that is there until Enzyme has run, to tell it or LLVM something. What it
// does with memory is for the caller to say.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty) {
  auto *F = cast<Function>(M.getOrInsertFunction(Name, Ty).getCallee());
  F->setDoesNotThrow();
  F->setWillReturn();
  F->setNoSync();
  F->setDoesNotFreeMemory();
  return F;
}

namespace {

// What rustc calls the type of what anything is copied as.
constexpr StringRef Bytes = "bytes";

// What gives an integer that may be, or hold, a float, until Enzyme has run. Enzyme
// would take it for anything but a float; of this, it asks for the derivative.
constexpr StringRef UnknownBytes = "rustc.autodiff.bytes.";
constexpr StringRef UnknownCopy = "rustc.autodiff.bytes.copy";

// What rustc says of a copy of values of several types: the size of one.
constexpr StringRef Element = "rustc.autodiff.element";

// What rustc says, of a parameter of an adapter, that it points to.
constexpr StringRef Pointee = "rustc.autodiff.pointee";

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

uint64_t numberIn(const MDNode *Node, unsigned Index) {
  return mdconst::extract<ConstantInt>(Node->getOperand(Index))->getZExtValue();
}

// The type that the access itself shows.
StringRef nameOfAccess(const Instruction &I) {
  if (!isa<LoadInst, StoreInst>(I))
    return "";
  Type *Ty = getLoadStoreType(&I)->getScalarType();
  if (Ty->isFloatTy())
    return "float";
  if (Ty->isDoubleTy())
    return "double";
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

  // \p Size is that of the piece, where only what is at its place in a larger one counts.
  explicit Uses(const Value *Pointer, const DataLayout &Layout,
                const ConstantInt *Size = nullptr)
      : Layout(Layout) {
    const Value *Object = getUnderlyingObject(Pointer);
    APInt Offset(Layout.getIndexTypeSizeInBits(Pointer->getType()), 0);
    if (Size && Pointer->stripAndAccumulateConstantOffsets(
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
    if (Differ || HasUntold)
      return nullptr;
    return Told == "float"    ? Type::getFloatTy(C)
           : Told == "double" ? Type::getDoubleTy(C)
                              : nullptr;
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
  }

  void note(StringRef Name) {
    if (Name == Bytes)
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
        visitCall(*Call, U);
      else if (getLoadStorePointerOperand(I) == Pointer && !isElsewhere(*I, At))
        visitAccess(*I);
    }
  }

  void visitArgument(const Argument &Arg) {
    const Function &F = *Arg.getParent();
    Attribute Known = F.getAttributes().getParamAttr(Arg.getArgNo(), Pointee);
    if (Known.isValid())
      note(Known.getValueAsString());
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

  void visitCall(const CallBase &Call, const Use &U) {
    const Function *Callee = Call.getCalledFunction();
    if (Callee && !Callee->isDeclaration() && Call.isArgOperand(&U) &&
        Call.getArgOperandNo(&U) < Callee->arg_size())
      push(Callee->getArg(Call.getArgOperandNo(&U)));
  }

  void visitAccess(const Instruction &I) {
    if (visitMetadata(I))
      return;
    StringRef Name = getLoadStoreType(&I)->isPtrOrPtrVectorTy() ? "any pointer"
                                                                : nameOfAccess(I);
    if (Name.empty())
      HasUntold = true;
    else
      note(Name);
  }

  bool visitMetadata(const Instruction &I) {
    MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa);
    if (Tag)
      note(nameOf(Tag));
    MDNode *Struct = I.getMetadata(LLVMContext::MD_tbaa_struct);
    if (Struct) {
      uint64_t ToldBytes = 0;
      for (unsigned Index = 0; Index < Struct->getNumOperands(); Index += 3) {
        ToldBytes += numberIn(Struct, Index + 1);
        note(nameOf(cast<MDNode>(Struct->getOperand(Index + 2))));
      }
      MDNode *Size = I.getMetadata(Element);
      HasUntold |= !Size || ToldBytes < numberIn(Size, 0);
    }
    return Tag || Struct;
  }
};

// Says of memory that is filled, or copied as bytes or as nobody says what, what it
// is used as, if that is one thing.
void describe(MemIntrinsic &Call) {
  MDNode *Tag = Call.getMetadata(LLVMContext::MD_tbaa);
  if (Tag ? nameOf(Tag) != Bytes
          : Call.hasMetadata(LLVMContext::MD_tbaa_struct) ||
                Call.hasMetadata(Element))
    return;
  Uses Uses(Call.getDest(), Call.getDataLayout(),
            dyn_cast<ConstantInt>(Call.getLength()));
  bool MayDiffer = Uses.Differ || (isa<MemTransferInst>(Call) && Uses.HasUntold);
  if (!MayDiffer && !Uses.Told.empty())
    Call.setMetadata(LLVMContext::MD_tbaa, tag(Call.getContext(), Uses.Told));
}

Function *declareUnknownBytes(Module &M, Type *From, Type *To) {
  std::string Name;
  raw_string_ostream(Name) << UnknownBytes << *From << '.' << *To;
  return LLVMRustDeclareMarker(M, Name, FunctionType::get(To, {From}, false));
}

// Bytes of floats that are copied as an integer are copied as floats instead.
void copyBytes(LoadInst &Load) {
  Uses Uses(Load.getPointerOperand(), Load.getDataLayout());
  LLVMContext &C = Load.getContext();
  IRBuilder<> Builder(&Load);
  Type *Ty = Load.getType(), *Float = Uses.floats(C);
  bool IsKnown = !Uses.Told.empty() || Uses.HasUntold;
  if (!Uses.HasFloat && IsKnown) {
    Load.setMetadata(LLVMContext::MD_tbaa, nullptr);
    return;
  }
  if (!Float) {
    Function *Unknown =
        declareUnknownBytes(*Load.getModule(), Load.getPointerOperandType(), Ty);
    Unknown->setMemoryEffects(MemoryEffects::argMemOnly(ModRefInfo::Ref));
    CallInst *Call = Builder.CreateCall(Unknown, {Load.getPointerOperand()});
    Call->addParamAttr(0, Attribute::getWithAlignment(C, Load.getAlign()));
    Load.replaceAllUsesWith(Call);
    Load.eraseFromParent();
    return;
  }
  unsigned Width = Ty->getIntegerBitWidth();
  unsigned FloatWidth = Float->getScalarSizeInBits();
  // What is smaller is never reached: code for all sizes, of which the floats
  // have another.
  if (Width % FloatWidth != 0)
    return;
  Type *FloatTy =
      Width == FloatWidth ? Float : FixedVectorType::get(Float, Width / FloatWidth);
  MDNode *Tag = tag(C, Uses.Told);
  LoadInst *Floats =
      Builder.CreateAlignedLoad(FloatTy, Load.getPointerOperand(), Load.getAlign());
  Floats->setMetadata(LLVMContext::MD_tbaa, Tag);
  Value *Integer = Builder.CreateBitCast(Floats, Ty);
  for (User *U : make_early_inc_range(Load.users())) {
    auto *Store = dyn_cast<StoreInst>(U);
    if (!Store || Store->getValueOperand() != &Load || !Store->isSimple())
      continue;
    IRBuilder<> AtStore(Store);
    StoreInst *New = AtStore.CreateAlignedStore(Floats, Store->getPointerOperand(),
                                                Store->getAlign());
    New->setMetadata(LLVMContext::MD_tbaa, Tag);
    Store->eraseFromParent();
  }
  Load.replaceAllUsesWith(Integer);
  Load.eraseFromParent();
}

// What \p Length is calculated as a multiple of: a size, by a number. What ScalarEvolution
// can prove is less, of a product that may wrap the factors of two, and would be taken
// for the size. What the length is in a case that does not occur does not count.
std::optional<uint64_t> factorOf(const Value *Length, unsigned Depth = 0) {
  const Value *Some, *Other;
  const APInt *Factor, *Shift;
  if (match(Length, m_Mul(m_Value(), m_APInt(Factor))) ||
      match(Length, m_ExtractValue<0>(m_Intrinsic<Intrinsic::umul_with_overflow>(
                        m_Value(), m_APInt(Factor)))))
    return Factor->getLimitedValue();
  if (match(Length, m_Shl(m_Mul(m_Value(), m_APInt(Factor)), m_APInt(Shift))))
    return Factor->shl(*Shift).getLimitedValue();
  if (match(Length, m_Shl(m_Value(), m_APInt(Shift))))
    return APInt(Shift->getBitWidth(), 1).shl(*Shift).getLimitedValue();
  if (auto *Known = dyn_cast<ConstantInt>(Length))
    return Known->getLimitedValue();
  SmallVector<const Value *> Parts;
  bool IsSum = match(Length, m_Add(m_Value(Some), m_Value(Other))) ||
               match(Length, m_Sub(m_Value(Some), m_Value(Other)));
  if (auto *Cases = dyn_cast<PHINode>(Length))
    append_range(Parts, Cases->incoming_values());
  else if (IsSum || match(Length, m_MaxOrMin(m_Value(Some), m_Value(Other))) ||
           match(Length, m_Select(m_Value(), m_Value(Some), m_Value(Other))))
    Parts = {Some, Other};
  constexpr unsigned MaxDepth = 4;
  if (Parts.empty() || Depth == MaxDepth)
    return std::nullopt;
  uint64_t Common = 0;
  SmallVector<uint64_t> Factors;
  for (const Value *Part : Parts) {
    if (isa<UndefValue>(Part))
      continue;
    std::optional<uint64_t> Of = factorOf(Part, Depth + 1);
    if (!Of)
      return std::nullopt;
    Common = std::gcd(Common, *Of);
    if (!isa<ConstantInt>(Part))
      Factors.push_back(*Of);
  }
  // The length of elements and of what is before them is no number of elements.
  if (IsSum && any_of(Factors, [&](uint64_t Of) { return Of != Common; }))
    return std::nullopt;
  return Common;
}

// Whether \p Copy copies several elements that may be of several types.
bool copiesSeveral(const MemCpyInst &Copy) {
  MDNode *Tag = Copy.getMetadata(LLVMContext::MD_tbaa);
  if (Copy.isVolatile() || (Tag && nameOf(Tag) != Bytes))
    return false;
  auto *Known = dyn_cast<ConstantInt>(Copy.getLength());
  MDNode *Size = Copy.getMetadata(Element);
  return !Known || (Size && Known->getZExtValue() > numberIn(Size, 0));
}

// The size of the elements of which \p Copy copies several, if that is known.
std::optional<uint64_t> elementSize(const MemCpyInst &Copy) {
  if (MDNode *Size = Copy.getMetadata(Element))
    return numberIn(Size, 0);
  return factorOf(Copy.getLength());
}

bool isMixed(const MemCpyInst &Copy) {
  Uses Uses(Copy.getDest(), Copy.getDataLayout());
  Uses.addSource(Copy.getSource());
  return Uses.HasFloat && (Uses.Differ || Uses.HasUntold);
}

// A copy of run-time length, of floats and something else in elements of unknown size, is
// lost on Enzyme.
void refuseCopy(MemCpyInst &Copy) {
  Module &M = *Copy.getModule();
  IRBuilder<> Builder(&Copy);
  Value *Args[] = {Copy.getDest(), Copy.getSource(), Copy.getLength()};
  Type *Types[] = {Args[0]->getType(), Args[1]->getType(), Args[2]->getType()};
  Function *Unknown = LLVMRustDeclareMarker(
      M, UnknownCopy, FunctionType::get(Builder.getVoidTy(), Types, false));
  Unknown->setMemoryEffects(MemoryEffects::argMemOnly());
  Unknown->addParamAttr(0, Attribute::WriteOnly);
  Unknown->addParamAttr(1, Attribute::ReadOnly);
  for (unsigned Index : {0, 1})
    Unknown->addParamAttr(
        Index, Attribute::getWithCaptureInfo(M.getContext(), CaptureInfo::none()));
  Builder.CreateCall(Unknown, Args);
  Copy.eraseFromParent();
}

// Copies one element after another. Of a copy of unknown length, Enzyme takes all of
// it for what the first byte is. What rustc says of one element, it does not take to
// be said of the next.
void copyElements(Function &F) {
  SmallVector<std::pair<MemCpyInst *, uint64_t>> Copies;
  SmallVector<MemCpyInst *> Unknown;
  for (Instruction &I : instructions(F)) {
    auto *Copy = dyn_cast<MemCpyInst>(&I);
    if (!Copy || !copiesSeveral(*Copy))
      continue;
    uint64_t Size = elementSize(*Copy).value_or(1);
    // In fewer bytes, there is hardly a float beside something else.
    if (Size >= 8)
      Copies.push_back({Copy, Size});
    else if (isMixed(*Copy)) {
      // Single bytes may be anything.
      if (Size > 2)
        Copies.push_back({Copy, Size});
      else
        Unknown.push_back(Copy);
    }
  }
  for (MemCpyInst *Copy : Unknown)
    refuseCopy(*Copy);
  for (auto [Copy, Size] : Copies) {
    IRBuilder<> Builder(Copy);
    Value *Length = Copy->getLength();
    Value *Count = Builder.CreateExactUDiv(
        Length, ConstantInt::get(Length->getType(), Size));
    Instruction *NotEmpty =
        SplitBlockAndInsertIfThen(Builder.CreateIsNotNull(Count), Copy, false);
    auto [Body, Index] =
        SplitBlockAndInsertSimpleForLoop(Count, NotEmpty->getIterator());
    Builder.SetInsertPoint(Body);
    Type *ElementTy = ArrayType::get(Builder.getInt8Ty(), Size);
    auto at = [&, Index = Index](Value *Start) {
      return Builder.CreateInBoundsGEP(ElementTy, Start, Index);
    };
    CallInst *One = Builder.CreateMemCpy(at(Copy->getDest()), MaybeAlign(),
                                         at(Copy->getSource()), MaybeAlign(), Size);
    One->copyMetadata(*Copy, {LLVMContext::MD_tbaa_struct});
    Copy->eraseFromParent();
  }
}

// A float that becomes part of a larger integer, as which a function takes or
// returns it along with something else, is lost on Enzyme.
void refusePackedFloat(BitCastInst &Cast) {
  bool IsPacked = Cast.getSrcTy()->isFloatingPointTy() &&
                  Cast.getDestTy()->isIntegerTy() &&
                  any_of(Cast.users(), [](User *U) { return isa<ZExtInst>(U); });
  if (!IsPacked)
    return;
  Function *Unknown = declareUnknownBytes(*Cast.getModule(), Cast.getSrcTy(),
                                          Cast.getDestTy());
  Unknown->setDoesNotAccessMemory();
  IRBuilder<> Builder(&Cast);
  Cast.replaceAllUsesWith(Builder.CreateCall(Unknown, {Cast.getOperand(0)}));
  Cast.eraseFromParent();
}

} // namespace

void LLVMRustTellTypes(Function &F) {
  for (Instruction &I : instructions(F))
    if (!I.hasMetadata(LLVMContext::MD_tbaa)) {
      StringRef Name = nameOfAccess(I);
      if (!Name.empty())
        I.setMetadata(LLVMContext::MD_tbaa, tag(I.getContext(), Name));
    }
  SmallVector<LoadInst *> Copied;
  SmallVector<BitCastInst *> Casts;
  for (Instruction &I : instructions(F)) {
    if (auto *Call = dyn_cast<MemIntrinsic>(&I))
      describe(*Call);
    if (auto *Cast = dyn_cast<BitCastInst>(&I))
      Casts.push_back(Cast);
    auto *Load = dyn_cast<LoadInst>(&I);
    MDNode *Tag = Load ? Load->getMetadata(LLVMContext::MD_tbaa) : nullptr;
    // There is no float in fewer bytes.
    if (Tag && nameOf(Tag) == Bytes && Load->isSimple() &&
        Load->getType()->isIntegerTy() &&
        Load->getType()->getIntegerBitWidth() >= 32)
      Copied.push_back(Load);
  }
  for (LoadInst *Load : Copied)
    copyBytes(*Load);
  for (BitCastInst *Cast : Casts)
    refusePackedFloat(*Cast);
  copyElements(F);
}

void LLVMRustForgetUnknownBytes(Module &M) {
  for (Function &F : make_early_inc_range(M)) {
    if (!F.getName().starts_with(UnknownBytes))
      continue;
    for (User *U : make_early_inc_range(F.users())) {
      auto *Call = cast<CallBase>(U);
      IRBuilder<> Builder(Call);
      Value *From = Call->getArgOperand(0);
      if (F.getName() == UnknownCopy) {
        Builder.CreateMemCpy(From, MaybeAlign(), Call->getArgOperand(1), MaybeAlign(),
                             Call->getArgOperand(2));
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
