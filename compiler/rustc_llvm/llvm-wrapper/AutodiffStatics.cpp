// Statics that the program writes to, or computes when it runs: which of them have no
// derivative, and the shadows of those that have. And what threads synchronize by, which has no
// derivative.

#include "LLVMWrapper.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ReplaceConstant.h"

using namespace llvm;

// In AutodiffTypes.cpp.
bool LLVMRustHoldsFloat(const GlobalVariable &Static);

// Visits the calls by which derivatives ask Enzyme for the derivative of a primal.
void LLVMRustForEachDerivative(
    Module &M, function_ref<void(CallBase &Call, const Value &Primal)> Visit) {
  for (Function &F : M)
    for (Instruction &I : instructions(F)) {
      auto *Call = dyn_cast<CallBase>(&I);
      const Function *Callee = Call ? Call->getCalledFunction() : nullptr;
      if (Callee && Callee->getName().starts_with("__enzyme_") && !Call->arg_empty())
        Visit(*Call, *Call->getArgOperand(0));
    }
}

namespace {

// What rustc says of a static that holds integers only.
constexpr StringRef Inactive = "enzyme_inactive";

// What rustc says of a static whose value is computed once.
constexpr StringRef Table = "rustc.autodiff.table";

// What rustc says of a static that the program may write floats to, and that holds no pointer.
constexpr StringRef Scratch = "rustc.autodiff.scratch";

// Enzyme knows a static by itself, but not what an intrinsic returns for it.
void useDirectly(GlobalVariable &Static) {
  for (User *U : make_early_inc_range(Static.users())) {
    auto *Call = dyn_cast<CallBase>(U);
    if (Call && Call->getIntrinsicID() == Intrinsic::threadlocal_address) {
      Call->replaceAllUsesWith(&Static);
      Call->eraseFromParent();
    }
  }
}

bool isCalled(const Function &F) {
  return any_of(F.users(), [&](const User *U) {
    auto *Call = dyn_cast<CallBase>(U);
    return Call && Call->getCalledFunction() == &F;
  });
}

// The functions that use a static themselves.
SmallSetVector<Function *, 8> usersOf(const GlobalVariable &Static) {
  SmallSetVector<Function *, 8> Found;
  SmallVector<const User *> Pending(Static.users());
  while (!Pending.empty()) {
    const User *Next = Pending.pop_back_val();
    if (auto *I = dyn_cast<Instruction>(Next))
      Found.insert(const_cast<Function *>(I->getFunction()));
    else if (isa<ConstantExpr>(Next))
      append_range(Pending, Next->users());
  }
  return Found;
}

// Each thread has its own shadow, and so the derivatives that it calls: what another thread has
// stored is a constant to it.
GlobalVariable *createShadow(GlobalVariable &Static) {
  // Of a constant that is a place in it, Enzyme makes no two shadows at once.
  convertUsersOfConstantsToInstructions({&Static});
  Type *Ty = Static.getValueType();
  auto *Shadow = new GlobalVariable(
      *Static.getParent(), Ty, /*isConstant=*/false, GlobalValue::InternalLinkage,
      Constant::getNullValue(Ty), Static.getName() + ".shadow", nullptr,
      GlobalValue::GeneralDynamicTLSModel);
  Shadow->setAlignment(Static.getAlign());
  Static.setMetadata("enzyme_shadow", MDNode::get(Static.getContext(),
                                                  {ConstantAsMetadata::get(Shadow)}));
  return Shadow;
}

// All that \p From refers to, and what that refers to.
void findReached(const Value &From, SmallPtrSetImpl<const Value *> &Reached) {
  SmallVector<const Value *> Pending{&From};
  while (!Pending.empty()) {
    const Value *Next = Pending.pop_back_val();
    if (!isa<Constant>(Next) || !Reached.insert(Next).second)
      continue;
    append_range(Pending, cast<Constant>(Next)->operand_values());
    if (auto *F = dyn_cast<Function>(Next))
      for (const Instruction &I : instructions(*F))
        append_range(Pending, I.operand_values());
  }
}

// Whether \p F itself may move floats to \p Static or from there, and not only synchronize by it.
bool mayMoveFloats(const Function &F, const GlobalVariable &Static) {
  if (F.hasFnAttribute(Inactive))
    return false;
  SmallVector<const User *> Pending(Static.users());
  while (!Pending.empty()) {
    const User *Next = Pending.pop_back_val();
    if (isa<ConstantExpr>(Next)) {
      append_range(Pending, Next->users());
      continue;
    }
    auto *I = dyn_cast<Instruction>(Next);
    if (!I || I->getFunction() != &F || I->isAtomic() || isa<ICmpInst>(I))
      continue;
    auto *Call = dyn_cast<CallBase>(I);
    if (isa<GetElementPtrInst>(I))
      append_range(Pending, I->users());
    else if (!Call || !Call->hasFnAttr(Inactive))
      return true;
  }
  return false;
}

// Of a function that could not be inlined.
void refuse(const Function &F, const GlobalVariable &Static) {
  F.getContext().diagnose(DiagnosticInfoUnsupported(
      F, "it is not inlined into what is differentiated and uses the static " + Static.getName() +
             ", which holds a float: pass it a reference to a value"));
}

// Zeroes, at the start of each derivative, the shadows of the statics that its primal uses:
// what they hold then does not depend on what the primal is passed.
void zeroShadows(Module &M, ArrayRef<std::pair<GlobalVariable *, GlobalVariable *>> Shadows) {
  LLVMRustForEachDerivative(M, [&](CallBase &Call, const Value &Primal) {
    SmallPtrSet<const Value *, 32> Reached;
    findReached(Primal, Reached);
    IRBuilder<> Builder(&Call);
    for (auto [Static, Shadow] : Shadows) {
      if (!Reached.contains(Static))
        continue;
      for (const Function *User : usersOf(*Static))
        if (User != &Primal && Reached.contains(User) && mayMoveFloats(*User, *Static))
          refuse(*User, *Static);
      Builder.CreateMemSet(
          Shadow, Builder.getInt8(0),
          M.getDataLayout().getTypeAllocSize(Shadow->getValueType()).getFixedValue(),
          Shadow->getAlign());
    }
  });
}

// Until Enzyme has run: does one atomic operation.
constexpr StringRef AtomicName = "rustc.autodiff.atomic";

// Whether an integer consists of the bits of a float.
bool isBitsOfFloat(const Value *V, unsigned Depth = 4) {
  if (auto *Cast = dyn_cast<BitCastInst>(V))
    return Cast->getSrcTy()->isFPOrFPVectorTy();
  return Depth > 0 && isa<PHINode, SelectInst, FreezeInst>(V) &&
         any_of(cast<Instruction>(V)->operand_values(),
                [&](const Value *Part) { return isBitsOfFloat(Part, Depth - 1); });
}

// Of a lock, a reference count or another counter.
bool isAtomicOnInteger(const Instruction &I) {
  const Value *New = nullptr;
  if (auto *Exchange = dyn_cast<AtomicCmpXchgInst>(&I))
    New = Exchange->getNewValOperand();
  else if (auto *Update = dyn_cast<AtomicRMWInst>(&I))
    New = Update->getValOperand();
  return New && New->getType()->isIntegerTy() && !isBitsOfFloat(New);
}

// Makes a function of \p I, of which Enzyme believes that it has no derivative. Of the
// instruction, it does not.
void outline(Instruction &I) {
  Module &M = *I.getModule();
  SmallVector<Type *> Types;
  for (const Value *Operand : I.operand_values())
    Types.push_back(Operand->getType());
  auto *F = Function::Create(FunctionType::get(I.getType(), Types, false),
                             GlobalValue::InternalLinkage, AtomicName, M);
  for (Attribute::AttrKind Kind : {Attribute::NoInline, Attribute::NoFree,
                                   Attribute::NoUnwind, Attribute::WillReturn})
    F->addFnAttr(Kind);
  for (StringRef Name : {Inactive, StringRef("enzyme_no_escaping_allocation")})
    F->addFnAttr(Name);
  IRBuilder<> Builder(BasicBlock::Create(M.getContext(), "", F));
  Instruction *Copy = Builder.Insert(I.clone());
  for (unsigned Index = 0; Index < I.getNumOperands(); ++Index)
    Copy->setOperand(Index, F->getArg(Index));
  Copy->dropUnknownNonDebugMetadata();
  Copy->setDebugLoc(DebugLoc());
  Builder.CreateRet(Copy);

  SmallVector<Value *> Args(I.operand_values());
  CallInst *Call = CallInst::Create(F, Args, "", I.getIterator());
  Call->setDebugLoc(I.getDebugLoc());
  I.replaceAllUsesWith(Call);
  I.eraseFromParent();
}

} // namespace

void LLVMRustOutlineAtomics(Module &M) {
  SmallVector<Instruction *> Found;
  for (Function &F : M)
    for (Instruction &I : instructions(F))
      if (isAtomicOnInteger(I))
        Found.push_back(&I);
  for (Instruction *I : Found)
    outline(*I);
}

void LLVMRustInlineAtomics(Module &M) {
  for (Function &F : M)
    if (F.getName().starts_with(AtomicName)) {
      F.removeFnAttr(Attribute::NoInline);
      F.addFnAttr(Attribute::AlwaysInline);
    }
}

// A call that is passed nothing active, Enzyme takes for one without a derivative, though
// it may read from a static what another one has left there. So there is no such call.
void LLVMRustInlineUsersOfScratch(Module &M) {
  SmallVector<const GlobalVariable *> Statics;
  for (const GlobalVariable &Static : M.globals())
    if (Static.hasMetadata(Scratch))
      Statics.push_back(&Static);
  if (Statics.empty())
    return;
  for (Function &F : M) {
    SmallPtrSet<const Value *, 32> Reached;
    findReached(F, Reached);
    if (F.isDeclaration() || !isCalled(F) ||
        none_of(Statics, [&](const Value *Static) { return Reached.contains(Static); }))
      continue;
    F.removeFnAttr(Attribute::NoInline);
    F.addFnAttr(Attribute::AlwaysInline);
    for (User *U : F.users())
      if (auto *Call = dyn_cast<CallBase>(U))
        Call->removeFnAttr(Attribute::NoInline);
  }
}

void LLVMRustTellStatics(Module &M) {
  SmallVector<GlobalVariable *> WithShadow;
  for (GlobalVariable &Static : M.globals()) {
    if (Static.isThreadLocal())
      useDirectly(Static);
    if (Static.hasMetadata(Table)) {
      Static.setMetadata(Inactive, MDNode::get(M.getContext(), {}));
      continue;
    }
    // Floats may be kept as integers.
    if (Static.hasMetadata(Inactive) && LLVMRustHoldsFloat(Static)) {
      Static.setMetadata(Inactive, nullptr);
      WithShadow.push_back(&Static);
    } else if (Static.hasMetadata(Scratch)) {
      WithShadow.push_back(&Static);
    }
  }
  SmallVector<std::pair<GlobalVariable *, GlobalVariable *>> Shadows;
  for (GlobalVariable *Static : WithShadow)
    Shadows.push_back({Static, createShadow(*Static)});
  if (!Shadows.empty())
    zeroShadows(M, Shadows);
}
