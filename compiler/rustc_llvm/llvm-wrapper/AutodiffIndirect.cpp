// Calls through vtables, as `rustc_codegen_llvm::builder::autodiff::dispatch`
// makes them for Enzyme: what is done before Enzyme runs and taken back
// afterwards.

#include "LLVMWrapper.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

// Whether nothing but the slice calls \p F, which may be null.
bool LLVMRustOnlySliceCalls(const Function *F) {
  return F && F->hasLocalLinkage() && !F->isDeclaration() && !F->hasAddressTaken();
}

namespace {

// Begins the names of the functions that are called with the entry of a vtable,
// and whose derivative compares it with the one of the shadow's vtable.
constexpr StringRef EntryName = "rustc.autodiff.vtable_entry";

// Hides from Enzyme what the receiver of a method points to.
constexpr StringRef ReceiverName = "rustc.autodiff.receiver";

bool isEntryCall(const Instruction &I) {
  auto *Call = dyn_cast<CallBase>(&I);
  Function *Callee = Call ? Call->getCalledFunction() : nullptr;
  return Callee && Callee->getName().starts_with(EntryName);
}

void eraseEntryCalls(Function &F) {
  for (Instruction &I : make_early_inc_range(instructions(F)))
    if (isEntryCall(I))
      I.eraseFromParent();
}

bool refersToFunction(const Constant *C, SmallPtrSetImpl<const Constant *> &Seen) {
  if (isa<Function>(C))
    return true;
  if (isa<GlobalValue>(C) || !Seen.insert(C).second)
    return false;
  return any_of(C->operands(), [&](const Use &Operand) {
    return refersToFunction(cast<Constant>(Operand), Seen);
  });
}

// Vtables, and tables of functions. Enzyme would make a shadow of each, in which
// derivatives are where functions were, and that nobody would know again.
void markTablesInactive(Module &M) {
  for (GlobalVariable &Table : M.globals()) {
    SmallPtrSet<const Constant *, 8> Seen;
    if (Table.isConstant() && Table.hasInitializer() &&
        refersToFunction(Table.getInitializer(), Seen))
      Table.setMetadata("enzyme_inactive", MDNode::get(M.getContext(), {}));
  }
}

// What `F` may call, itself included, as far as there are bodies.
SetVector<Function *> reachable(Function *F) {
  SetVector<Function *> Found;
  Found.insert(F);
  for (unsigned Next = 0; Next < Found.size(); ++Next)
    for (Instruction &I : instructions(*Found[Next]))
      if (auto *Call = dyn_cast<CallBase>(&I))
        if (Function *Callee = Call->getCalledFunction())
          if (!Callee->isDeclaration())
            Found.insert(Callee);
  return Found;
}

// Enzyme has no derivatives of several shadows for a function that has one of
// its own. Where there are several, rustc has seen to it that no trait object
// has any, so there is nothing to compare: such a derivative gets copies of the
// functions without the comparisons.
void compareNothingInBatches(Module &M) {
  GlobalVariable *Width = M.getNamedGlobal("enzyme_width");
  if (!Width)
    return;
  for (User *U : make_early_inc_range(Width->users())) {
    auto *Derivative = dyn_cast<CallBase>(U);
    auto *Primal = Derivative ? dyn_cast<Function>(Derivative->getArgOperand(0)) : nullptr;
    if (!Primal || Primal->isDeclaration())
      continue;
    SetVector<Function *> Originals = reachable(Primal);
    if (none_of(Originals, [](Function *F) { return any_of(instructions(*F), isEntryCall); }))
      continue;
    DenseMap<Function *, Function *> Copies;
    for (Function *F : Originals) {
      ValueToValueMapTy Map;
      Function *Copy = CloneFunction(F, Map);
      Copy->setLinkage(GlobalValue::InternalLinkage);
      Copies[F] = Copy;
      eraseEntryCalls(*Copy);
    }
    // Only where they are called: the addresses that a callee is compared with
    // are those of the originals.
    for (auto &[F, Copy] : Copies)
      for (Instruction &I : instructions(*Copy))
        if (auto *Call = dyn_cast<CallBase>(&I))
          if (Function *Own = Copies.lookup(Call->getCalledFunction()))
            Call->setCalledFunction(Own);
    Derivative->setArgOperand(0, Copies[Primal]);
  }
}

} // namespace

void LLVMRustPrepareIndirectCalls(Module &M) {
  markTablesInactive(M);
  compareNothingInBatches(M);
}

void LLVMRustRevealIndirectCalls(Module &M) {
  for (Function &F : make_early_inc_range(M)) {
    // What Enzyme has made of it has a prefix.
    if (F.getName().ends_with(ReceiverName)) {
      F.removeFnAttr(Attribute::OptimizeNone);
      F.removeFnAttr(Attribute::NoInline);
    }
    if (!F.getName().starts_with(EntryName))
      continue;
    for (User *U : make_early_inc_range(F.users()))
      cast<CallBase>(U)->eraseFromParent();
    F.eraseFromParent();
  }
  for (GlobalVariable &Table : M.globals())
    Table.setMetadata("enzyme_inactive", nullptr);
}

// Used in `rustc_codegen_llvm::builder::autodiff::abi`.
extern "C" bool LLVMRustAutodiffHasAddressTaken(LLVMValueRef F) {
  return unwrap<Function>(F)->hasAddressTaken();
}

// Puts \p By in place of \p F wherever that is not called.
extern "C" void LLVMRustAutodiffReplaceAddress(LLVMValueRef F, LLVMValueRef By) {
  unwrap(F)->replaceUsesWithIf(unwrap(By), [](const Use &U) {
    auto *Call = dyn_cast<CallBase>(U.getUser());
    return !Call || !Call->isCallee(&U);
  });
}
