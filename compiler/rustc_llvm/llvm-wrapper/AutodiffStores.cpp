// Stores, in a shape in which Enzyme sees what they do.

#include "LLVMWrapper.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

// Stores to a place, or a variable, that depends on where control comes from, made
// of stores to different ones in several blocks: back they go. What lies at which,
// Enzyme could not tell.
void LLVMRustSpreadStores(Function &F) {
  SmallVector<StoreInst *> Stores;
  for (BasicBlock &BB : F)
    for (Instruction &I : BB) {
      auto *Store = dyn_cast<StoreInst>(&I);
      if (Store && Store->isSimple()) {
        auto *Variable = dyn_cast<PHINode>(Store->getPointerOperand());
        if (Variable && Variable->getParent() == &BB &&
            all_of(Variable->incoming_values(),
                   [](Value *V) { return isa<AllocaInst>(V); }))
          Stores.push_back(Store);
        auto *Place = dyn_cast<GetElementPtrInst>(Store->getPointerOperand());
        auto *Index = Place && Place->getNumIndices() == 1
                          ? dyn_cast<PHINode>(Place->getOperand(1))
                          : nullptr;
        if (Index && Index->getParent() == &BB &&
            all_of(Index->incoming_values(),
                   [](Value *V) { return isa<ConstantInt>(V); }))
          Stores.push_back(Store);
      }
      if (I.mayReadOrWriteMemory() || I.mayHaveSideEffects())
        break;
    }
  for (StoreInst *Store : Stores) {
    BasicBlock *BB = Store->getParent();
    auto *Variable = dyn_cast<PHINode>(Store->getPointerOperand());
    auto *Place = dyn_cast<GetElementPtrInst>(Store->getPointerOperand());
    auto in = [&](Value *V, BasicBlock *Pred) {
      auto *Phi = dyn_cast<PHINode>(V);
      return Phi && Phi->getParent() == BB ? Phi->getIncomingValueForBlock(Pred)
                                           : V;
    };
    auto dominates = [&](Value *V) {
      auto *I = dyn_cast<Instruction>(V);
      return !I || I->getParent() != BB || isa<PHINode>(I);
    };
    if (!dominates(Store->getValueOperand()) ||
        (Place && !dominates(Place->getPointerOperand())))
      continue;
    SmallSetVector<BasicBlock *, 8> Preds(pred_begin(BB), pred_end(BB));
    if (Preds.size() != pred_size(BB))
      continue;
    for (BasicBlock *Pred : Preds) {
      if (!Pred->getSingleSuccessor())
        Pred = SplitEdge(Pred, BB);
      IRBuilder<> Builder(Pred->getTerminator());
      Value *To =
          Place ? Builder.CreateGEP(Place->getSourceElementType(),
                                    in(Place->getPointerOperand(), Pred),
                                    {in(Place->getOperand(1), Pred)}, "",
                                    Place->getNoWrapFlags())
                : in(Variable, Pred);
      StoreInst *Spread = Builder.CreateAlignedStore(
          in(Store->getValueOperand(), Pred), To, Store->getAlign());
      Spread->copyMetadata(*Store);
    }
    Store->eraseFromParent();
    if (Variable && Variable->use_empty())
      Variable->eraseFromParent();
  }
}

// Whether memory that holds pointers leads to \p Pointer.
static bool isLoaded(const Value *Pointer) {
  SmallVector<const Value *> Objects;
  getUnderlyingObjects(Pointer, Objects, /*LI=*/nullptr, /*MaxLookup=*/0);
  return any_of(Objects, [](const Value *Object) {
    return !isa<AllocaInst, Argument, CallBase, Constant>(Object);
  });
}

static LoadInst *loadOf(Value *V) {
  while (isa<GEPOperator, CastInst>(V))
    V = cast<User>(V)->getOperand(0);
  return dyn_cast<LoadInst>(V);
}

// Of a store through a pointer that was loaded, Enzyme goes back from what is stored
// through loads. If it meets the memory that the pointer is from, it takes this for
// a store of that memory into itself, hence for none: `*a[1] = *a[0]` has no
// derivative. Beyond something that is no load, it does not look.
void LLVMRustUntieStores(Function &F, function_ref<Function *()> Opaque) {
  for (Instruction &I : instructions(F)) {
    auto *Store = dyn_cast<StoreInst>(&I);
    if (!Store)
      continue;
    Value *Stored = Store->getValueOperand();
    LoadInst *Load = loadOf(Stored);
    bool IsFloat = Stored->getType()->isFPOrFPVectorTy();
    if (!Load || !(IsFloat || Stored->getType()->isPointerTy()) ||
        !isLoaded(Store->getPointerOperand()))
      continue;
    IRBuilder<> Builder(Store);
    if (IsFloat) {
      // Of what is known to be defined, the freeze would be dropped.
      Load->setMetadata(LLVMContext::MD_noundef, nullptr);
      Store->setOperand(0, Builder.CreateFreeze(Stored));
    } else {
      // Enzyme has no shadow of a pointer that is frozen.
      Value *IsSo = Builder.CreateCall(Opaque(), {Builder.getTrue()});
      Store->setOperand(0, Builder.CreateSelect(IsSo, Stored,
                                                Constant::getNullValue(Stored->getType())));
    }
  }
}

void LLVMRustForgetFreezes(Function &F) {
  for (Instruction &I : make_early_inc_range(instructions(F)))
    if (auto *Freeze = dyn_cast<FreezeInst>(&I);
        Freeze && Freeze->getType()->isFPOrFPVectorTy() && loadOf(Freeze->getOperand(0))) {
      Freeze->replaceAllUsesWith(Freeze->getOperand(0));
      Freeze->eraseFromParent();
    }
}

static bool holdsBytes(const Type *Ty) {
  if (auto *Array = dyn_cast<ArrayType>(Ty))
    return Array->getElementType()->isIntegerTy(8) ? Array->getNumElements() > 1
                                                   : holdsBytes(Array->getElementType());
  return isa<StructType>(Ty) && any_of(cast<StructType>(Ty)->elements(), holdsBytes);
}

// Makes a number of elements of a variable that is one large value, or bytes. Enzyme
// clears the shadow of a single value by the store of one, of which LLVM makes a store of
// each of its scalars, and takes a byte for an integer. What there are several of, it fills.
void LLVMRustCountVariables(Function &F) {
  constexpr uint64_t LargestValue = 128;
  const DataLayout &Layout = F.getDataLayout();
  SmallVector<AllocaInst *> Variables;
  for (Instruction &I : instructions(F)) {
    auto *Variable = dyn_cast<AllocaInst>(&I);
    if (!Variable || Variable->isArrayAllocation() ||
        !Variable->getAllocatedType()->isAggregateType())
      continue;
    uint64_t Size = Layout.getTypeAllocSize(Variable->getAllocatedType()).getFixedValue();
    if (Size > LargestValue || holdsBytes(Variable->getAllocatedType()))
      Variables.push_back(Variable);
  }
  for (AllocaInst *Variable : Variables) {
    IRBuilder<> Builder(Variable);
    Type *Ty = Builder.getInt8Ty();
    uint64_t Count = Layout.getTypeAllocSize(Variable->getAllocatedType()).getFixedValue();
    auto *Array = dyn_cast<ArrayType>(Variable->getAllocatedType());
    if (Array && !Array->getElementType()->isAggregateType()) {
      Ty = Array->getElementType();
      Count = Array->getNumElements();
    }
    AllocaInst *Counted =
        Builder.CreateAlloca(Ty, Variable->getAddressSpace(), Builder.getInt64(Count));
    Counted->setAlignment(Variable->getAlign());
    Counted->copyMetadata(*Variable);
    Variable->replaceAllUsesWith(Counted);
    Variable->eraseFromParent();
  }
}
