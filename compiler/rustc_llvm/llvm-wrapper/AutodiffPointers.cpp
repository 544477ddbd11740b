// What pointers lead to, shown where Enzyme, or the LLVM that it has inside, would
// draw a wrong conclusion.

#include "LLVMWrapper.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Analysis/AliasAnalysis.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"

using namespace llvm;

// In AutodiffStatics.cpp.
void LLVMRustForEachDerivative(
    Module &M, function_ref<void(CallBase &Call, const Value &Primal)> Visit);

// In AutodiffTypes.cpp.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);
void LLVMRustReplaceCalls(Function &F, Value *Result = nullptr);

CallBase *LLVMRustCallInstead(CallBase &Old, Function &Callee, ArrayRef<Value *> Args);

namespace {

// Of a structure or an array.
SmallVector<Type *> elementsOf(Type *Ty) {
  if (auto *Array = dyn_cast<ArrayType>(Ty))
    return SmallVector<Type *>(Array->getNumElements(), Array->getElementType());
  return SmallVector<Type *>(cast<StructType>(Ty)->elements());
}

bool holdsPointer(Type *Ty) {
  return Ty->isPointerTy() ||
         (Ty->isAggregateType() && any_of(elementsOf(Ty), holdsPointer));
}

// Until Enzyme has run: takes a pointer, and may keep it, or read and write there.
constexpr StringRef KeepName = "rustc.autodiff.keep";
constexpr StringRef TouchName = "rustc.autodiff.touch";

// Until Enzyme has run: zero, which nobody knows.
constexpr StringRef ZeroName = "rustc.autodiff.zero";

constexpr uint32_t NotAVariant = 1u << 31;

// A pointer of which nobody knows that it is \p Pointer, unless it was asked for by the same
// number.
Value *separate(Value *Pointer, uint32_t Number, IRBuilderBase &Builder) {
  Module &M = *Builder.GetInsertBlock()->getModule();
  Function *Zero = LLVMRustDeclareMarker(
      M, ZeroName, FunctionType::get(Builder.getInt64Ty(), {Builder.getInt32Ty()}, false));
  Zero->setDoesNotAccessMemory();
  Zero->setSpeculatable();
  Zero->addFnAttr("enzyme_inactive");
  Zero->addRetAttr(Attribute::get(M.getContext(), "enzyme_type", "{[-1]:Integer}"));
  return Builder.CreateInBoundsPtrAdd(
      Pointer, Builder.CreateCall(Zero, {Builder.getInt32(Number)}));
}

void call(StringRef Name, MemoryEffects Effects, Value *Pointer, IRBuilder<> &Builder) {
  Module &M = *Builder.GetInsertBlock()->getModule();
  auto *Ty = FunctionType::get(Builder.getVoidTy(), {Pointer->getType()}, false);
  Function *F = LLVMRustDeclareMarker(M, Name, Ty);
  F->setMemoryEffects(Effects);
  F->addFnAttr("enzyme_inactive");
  Builder.CreateCall(F, {Pointer});
}

void keep(Value *Object) {
  BasicBlock::iterator Place;
  if (auto *Invoke = dyn_cast<InvokeInst>(Object))
    Place = Invoke->getNormalDest()->getFirstInsertionPt();
  else if (isa<Argument, AllocaInst>(Object)) {
    auto *I = dyn_cast<Instruction>(Object);
    Function *F = I ? I->getFunction() : cast<Argument>(Object)->getParent();
    Place = F->getEntryBlock().getFirstNonPHIOrDbgOrAlloca();
    // An alloca need not be in the first block, nor among its first instructions.
    if (I && (I->getParent() != Place->getParent() || Place->comesBefore(I)))
      Place = std::next(I->getIterator());
  } else
    Place = std::next(cast<Instruction>(Object)->getIterator());
  IRBuilder<> Builder(Place->getParent(), Place);
  call(KeepName, MemoryEffects::inaccessibleMemOnly(), Object, Builder);
}

// The marker by which a derivative says how many shadows there are, if there are several.
constexpr StringRef Width = "enzyme_width";

// Of a function that has several shadows in reverse mode.
constexpr StringRef HasSeveral = "rustc.autodiff.several";

// Whether \p Pointer is one that is loaded, or computed from one.
bool isLoaded(const Value *Pointer) {
  if (isa<GetElementPtrInst, FreezeInst>(Pointer))
    return isLoaded(cast<Instruction>(Pointer)->getOperand(0));
  if (auto *Select = dyn_cast<SelectInst>(Pointer))
    return isLoaded(Select->getTrueValue()) || isLoaded(Select->getFalseValue());
  return isa<LoadInst>(Pointer);
}

// Whether a pointer that goes through a loop is computed from what it was in the round before. That, Enzyme keeps.
bool isInduction(const PHINode &Phi, const LoopInfo &LI) {
  if (!LI.isLoopHeader(Phi.getParent()))
    return false;
  SmallSetVector<const Instruction *, 16> Found;
  Found.insert(&Phi);
  for (size_t Next = 0; Next < Found.size(); ++Next)
    for (const Value *Operand : Found[Next]->operands()) {
      if (Operand == &Phi)
        return true;
      if (auto *I = dyn_cast<Instruction>(Operand))
        Found.insert(I);
    }
  return false;
}

// Puts a pointer into a slot, from which other blocks load it, and those after a phi as well. Someone may have written to it
// before each load, so that no two are made one.
void putIntoSlot(Instruction &Pointer) {
  bool IsPhi = isa<PHINode>(Pointer);
  BasicBlock *Own = Pointer.getParent();
  MapVector<BasicBlock *, SmallVector<Use *>> Uses;
  for (Use &U : Pointer.uses())
    if (auto *User = cast<Instruction>(U.getUser()); !isa<PHINode>(User) && (IsPhi || User->getParent() != Own))
      Uses[User->getParent()].push_back(&U);
  if (Uses.empty())
    return;
  Type *Ptr = Pointer.getType();
  IRBuilder<> Builder(&*Own->getParent()->getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  AllocaInst *Slot = Builder.CreateAlloca(Ptr);
  Builder.SetInsertPoint(Own, IsPhi ? Own->getFirstInsertionPt() : std::next(Pointer.getIterator()));
  StoreInst *Store = Builder.CreateStore(&Pointer, Slot);
  for (auto &[Block, UsesInBlock] : Uses) {
    Builder.SetInsertPoint(Block, Block == Own ? std::next(Store->getIterator())
                                               : Block->getFirstInsertionPt());
    call(TouchName, MemoryEffects::argMemOnly(), Slot, Builder);
    LoadInst *Load = Builder.CreateLoad(Ptr, Slot);
    for (Use *U : UsesInBlock)
      U->set(Load);
  }
}

bool isAggregateOfPointers(const Argument &Arg) {
  return Arg.getType()->isAggregateType() && holdsPointer(Arg.getType());
}

// Makes parameters of what is in an aggregate, and returns what has become of \p F.
Function *spreadAggregates(Function &F) {
  LLVMContext &C = F.getContext();
  SmallVector<Type *> Types;
  for (Argument &Arg : F.args())
    if (isAggregateOfPointers(Arg))
      append_range(Types, elementsOf(Arg.getType()));
    else
      Types.push_back(Arg.getType());
  auto spread = [&](AttributeList Attrs) {
    SmallVector<AttributeSet> Params;
    for (Argument &Arg : F.args())
      if (isAggregateOfPointers(Arg))
        Params.append(elementsOf(Arg.getType()).size(), AttributeSet());
      else
        Params.push_back(Attrs.getParamAttrs(Arg.getArgNo()));
    return AttributeList::get(C, Attrs.getFnAttrs(), Attrs.getRetAttrs(), Params);
  };

  auto *New = Function::Create(FunctionType::get(F.getReturnType(), Types, false),
                               F.getLinkage(), "", F.getParent());
  New->copyAttributesFrom(&F);
  New->setAttributes(spread(F.getAttributes()));
  New->copyMetadata(&F, 0);
  New->takeName(&F);
  New->splice(New->begin(), &F);
  IRBuilder<> Entry(&*New->getEntryBlock().getFirstInsertionPt());
  Argument *Next = New->arg_begin();
  for (Argument &Arg : F.args()) {
    if (!isAggregateOfPointers(Arg)) {
      Arg.replaceAllUsesWith(Next++);
      continue;
    }
    Value *Whole = PoisonValue::get(Arg.getType());
    for (unsigned Index = 0; Index < elementsOf(Arg.getType()).size(); ++Index)
      Whole = Entry.CreateInsertValue(Whole, Next++, Index);
    Arg.replaceAllUsesWith(Whole);
  }

  for (User *U : make_early_inc_range(F.users())) {
    auto *Old = cast<CallBase>(U);
    IRBuilder<> Builder(Old);
    SmallVector<Value *> Args;
    for (Argument &Arg : F.args()) {
      Value *Passed = Old->getArgOperand(Arg.getArgNo());
      if (!isAggregateOfPointers(Arg)) {
        Args.push_back(Passed);
        continue;
      }
      for (unsigned Index = 0; Index < elementsOf(Arg.getType()).size(); ++Index)
        Args.push_back(Builder.CreateExtractValue(Passed, Index));
    }
    CallBase *Call = LLVMRustCallInstead(*Old, *New, Args);
    Call->setAttributes(spread(Old->getAttributes()));
    Old->replaceAllUsesWith(Call);
    Old->eraseFromParent();
  }
  F.eraseFromParent();
  return New;
}

// What one place in memory, a distance from a pointer, is accessed as.
struct Accesses {
  struct Access {
    int64_t Start, End;
    // The type of a float or a pointer, or nothing.
    Type *Ty;
    Use *Pointer;
  };
  SmallVector<Access> All;

  void add(Instruction &I, Use &Pointer, int64_t Start) {
    Type *Ty = getLoadStoreType(&I), *Scalar = Ty->getScalarType();
    int64_t Size = I.getDataLayout().getTypeStoreSize(Ty).getFixedValue();
    bool IsNumber = !Scalar->isFloatingPointTy() && !Scalar->isPointerTy();
    All.push_back({Start, Start + Size, IsNumber ? nullptr : Scalar, &Pointer});
  }

  // Those that overlap with one of another kind.
  SmallVector<Use *> mixed() const {
    SmallVector<Use *> Mixed;
    for (const Access &A : All)
      if (any_of(All, [&](const Access &B) {
            return A.Ty != B.Ty && A.Start < B.End && B.Start < A.End;
          }))
        Mixed.push_back(A.Pointer);
    return Mixed;
  }
};

} // namespace

// Calls \p Callee where \p Old is, which stays, and says of the call the same.
CallBase *LLVMRustCallInstead(CallBase &Old, Function &Callee, ArrayRef<Value *> Args) {
  IRBuilder<> Builder(&Old);
  CallBase *Call;
  if (auto *Invoke = dyn_cast<InvokeInst>(&Old)) {
    Call = Builder.CreateInvoke(&Callee, Invoke->getNormalDest(), Invoke->getUnwindDest(), Args);
  } else {
    Call = Builder.CreateCall(&Callee, Args);
    cast<CallInst>(Call)->setTailCallKind(cast<CallInst>(Old).getTailCallKind());
  }
  Call->setCallingConv(Old.getCallingConv());
  Call->setAttributes(Old.getAttributes());
  Call->copyMetadata(Old);
  return Call;
}

// A pointer that is one of several, or that a loop moves now and then, Enzyme takes
// for an object of its own. What it may be, if that is memory that belongs to this
// function, it takes for other memory unless it has been kept somewhere before, and
// loads it again after a store through the pointer.
void LLVMRustKeepChosenObjects(Function &F, ScalarEvolution &SE) {
  SmallSetVector<Value *, 16> Kept;
  for (Instruction &I : instructions(F)) {
    if (!I.getType()->isPointerTy() || !isa<PHINode, SelectInst>(I))
      continue;
    // Of what moves by a constant, it knows where that starts.
    if (auto *Moving = dyn_cast<SCEVAddRecExpr>(SE.getSCEV(&I));
        Moving && Moving->isAffine())
      continue;
    SmallVector<const Value *> Objects;
    getUnderlyingObjects(&I, Objects, /*LI=*/nullptr, /*MaxLookup=*/0);
    for (const Value *Object : Objects)
      if (isIdentifiedFunctionLocal(Object))
        Kept.insert(const_cast<Value *>(Object));
  }
  for (Value *Object : Kept)
    keep(Object);
}

// Marks what is called by functions of which a derivative in reverse mode has several shadows.
void LLVMRustMarkSeveral(Module &M) {
  SmallSetVector<Function *, 16> Found;
  LLVMRustForEachDerivative(M, [&](CallBase &Call, const Value &Primal) {
    auto isWidth = [](const Value *Arg) { return Arg->getName() == Width; };
    const Function *Enzyme = Call.getCalledFunction();
    if (Enzyme && Enzyme->getName().starts_with("__enzyme_autodiff") && any_of(Call.args(), isWidth))
      if (auto *F = dyn_cast<Function>(&Primal))
        Found.insert(const_cast<Function *>(F));
  });
  for (size_t Next = 0; Next < Found.size(); ++Next) {
    Found[Next]->addFnAttr(HasSeveral);
    for (Instruction &I : instructions(*Found[Next]))
      for (Value *Operand : I.operands())
        if (auto *Callee = dyn_cast<Function>(Operand))
          Found.insert(Callee);
  }
}

// With several shadows, Enzyme loads a pointer once for each. In reverse, it wants to know what these have been. If it has
// made the loads already, as it has in blocks that come before, it does not know of which load they are the shadows, nor
// whether memory has been written to since: it repeats them, whatever is there by then. So what is loaded in one
// block and used in another is put into a slot, and loaded from there in the block where it is used.
void LLVMRustLoadWhereUsed(Function &F) {
  if (!F.hasFnAttribute(HasSeveral))
    return;
  F.removeFnAttr(HasSeveral);
  DominatorTree DT(F);
  LoopInfo LI(DT);
  SmallVector<PHINode *> Phis;
  for (BasicBlock &BB : F)
    for (PHINode &Phi : BB.phis())
      if (Phi.getType()->isPointerTy() && !isInduction(Phi, LI))
        Phis.push_back(&Phi);
  // What is loaded from a slot may be an operand of another phi.
  for (bool Changed = true; Changed;) {
    Changed = false;
    for (PHINode *&Phi : Phis)
      if (Phi && any_of(Phi->incoming_values(), isLoaded)) {
        putIntoSlot(*Phi);
        Phi = nullptr;
        Changed = true;
      }
  }
  SmallVector<Instruction *> Loaded;
  for (Instruction &I : instructions(F))
    if (I.getType()->isPointerTy() && isLoaded(&I))
      Loaded.push_back(&I);
  for (Instruction *I : Loaded)
    putIntoSlot(*I);
}

// A function that returns a pointer may return one that it is passed, through which
// its caller then reads and writes. Enzyme forgets that when it looks for what the
// caller does with its own parameters, and drops the stores of who calls that.
void LLVMRustTouchReturnedPointers(Function &F) {
  for (Instruction &I : instructions(F)) {
    auto *Call = dyn_cast<CallBase>(&I);
    Function *Callee = Call ? Call->getCalledFunction() : nullptr;
    if (!Callee || Callee->isDeclaration() || !holdsPointer(Call->getType()))
      continue;
    IRBuilder<> Builder(Call);
    for (Value *Arg : Call->args())
      if (Arg->getType()->isPointerTy())
        call(TouchName, MemoryEffects::argMemOnly(), Arg, Builder);
  }
}

// What an access shows of the place that it goes to, Enzyme takes to hold for each access
// that is certain to happen whenever the pointer is made. Where one place is a float at
// one time and something else at another, as in an enum that is overwritten, each access
// has a pointer of its own, of which it is not known that it is the same.
void LLVMRustSeparateAccesses(Function &F) {
  MapVector<Value *, Accesses> Places;
  const DataLayout &Layout = F.getDataLayout();
  for (Instruction &I : instructions(F)) {
    if (!isa<LoadInst, StoreInst>(I))
      continue;
    Use &Pointer = I.getOperandUse(isa<LoadInst>(I) ? 0 : 1);
    APInt Offset(Layout.getIndexTypeSizeInBits(Pointer->getType()), 0);
    Value *Base = Pointer->stripAndAccumulateConstantOffsets(
        Layout, Offset, /*AllowNonInbounds=*/true);
    Places[Base].add(I, Pointer, Offset.getSExtValue());
  }
  uint32_t Number = NotAVariant;
  for (auto &[Base, Accesses] : Places)
    for (Use *Pointer : Accesses.mixed()) {
      IRBuilder<> Builder(cast<Instruction>(Pointer->getUser()));
      Pointer->set(separate(*Pointer, Number++, Builder));
    }
}

extern "C" LLVMValueRef LLVMRustAutodiffVariantPointer(LLVMBuilderRef B,
                                                       LLVMValueRef Pointer,
                                                       uint32_t Variant) {
  return wrap(separate(unwrap(Pointer), Variant, *unwrap(B)));
}

void LLVMRustForgetPointers(Module &M) {
  if (Function *Zero = M.getFunction(ZeroName))
    LLVMRustReplaceCalls(*Zero, Constant::getNullValue(Zero->getReturnType()));
  for (StringRef Name : {KeepName, TouchName})
    if (Function *F = M.getFunction(Name))
      LLVMRustReplaceCalls(*F);
}

// What the reverse of a function is to know, Enzyme passes in one value. Of pointers in
// there LLVM does not see that they are arguments, and takes memory that nothing else
// points to for untouched by the call.
void LLVMRustSpreadAggregates(Module &M) {
  SmallVector<Function *> Found;
  for (Function &F : M)
    if (F.hasLocalLinkage() && !F.isDeclaration() && !F.hasAddressTaken() &&
        any_of(F.args(), isAggregateOfPointers))
      Found.push_back(&F);
  for (Function *F : Found)
    // In an aggregate, there may be others.
    while (any_of(F->args(), isAggregateOfPointers))
      F = spreadAggregates(*F);
}
