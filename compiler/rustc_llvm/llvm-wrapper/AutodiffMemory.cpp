// What a primal allocates and frees.
//
// Enzyme frees what a primal allocates at the end of the reverse pass, with its shadow, also where the primal
// has stored it for its caller. And it drops what the primal frees itself, if it does not see where that
// comes from. So Enzyme is shown an allocator whose memory need not be freed, and something else in place
// of what frees it: notes, which it makes of the shadows as well, for `library/alloc/src/alloc/deferred.rs` to free.

#include "LLVMWrapper.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ValueHandle.h"
#include "llvm/Transforms/Utils/EscapeEnumerator.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

// In AutodiffStatics.cpp.
void LLVMRustForEachDerivative(
    Module &M, function_ref<void(CallBase &Call, const Value &Primal)> Visit);

// In AutodiffTypes.cpp.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);
void LLVMRustReplaceCalls(Function &F, Value *Result = nullptr);

namespace {

// By this name, Enzyme knows a function that is to be called with the shadows of its arguments where it
// is called with them, before that, and that does nothing to what they point to. An argument without a shadow
// is left out, as a constant is. It is the write barrier of Julia's garbage collector.
constexpr StringRef Note = "julia.write_barrier";

// The same, of what a function has been passed. Enzyme is to look for its shadow for the sake of the note alone: nothing
// else may be done with it in a function that drops it.
constexpr StringRef NoteOfPassed = "rustc.autodiff.note";

// What Enzyme calls to free what it takes for its own.
constexpr StringRef Free = "rustc.autodiff.free";

// Whose attribute says how the names of the allocator's functions begin.
constexpr StringRef Prefix = "rustc.autodiff.prefix";

// What a derivative is, by attributes with its name, as Enzyme copies them.
constexpr StringRef Forward = "rustc.autodiff.forward", Reverse = "rustc.autodiff.reverse";

// By which a derivative notes what its caller owns, and asks whether any of that has been freed.
constexpr StringRef NoteOwned = "__rust_autodiff_note_owned", HasFreedOwned = "__rust_autodiff_has_freed_owned";

constexpr StringRef Dealloc = "__rust_dealloc";
constexpr StringRef Allocs[] = {"__rust_alloc", "__rust_alloc_zeroed"};

Function *allocatorFunction(Module &M, StringRef Name) {
  for (Function &F : M)
    if (F.isDeclaration() && F.getName().ends_with(Name))
      return &F;
  return nullptr;
}

// How the symbols of the allocator begin, of which \p Symbol is that of \p Name. Mangled, each name has its length
// before it.
StringRef prefixOf(StringRef Symbol, StringRef Name) {
  StringRef Prefix = Symbol.drop_back(Name.size());
  Prefix.consume_back((Twine(Name.size()) + "_").str());
  return Prefix;
}

std::string symbolOf(StringRef Name, StringRef Prefix) {
  return Prefix.empty() ? Name.str() : (Prefix + Twine(Name.size()) + "_" + Name).str();
}

FunctionCallee declare(Module &M, StringRef Name, StringRef Prefix, FunctionType *Ty) {
  FunctionCallee Callee = M.getOrInsertFunction(symbolOf(Name, Prefix), Ty);
  cast<Function>(Callee.getCallee())->setDoesNotThrow();
  return Callee;
}

Value *deallocOf(Module &M, StringRef Prefix) {
  LLVMContext &C = M.getContext();
  Type *Size = M.getDataLayout().getIntPtrType(C);
  auto *Ty = FunctionType::get(Type::getVoidTy(C), {PointerType::getUnqual(C), Size, Size}, false);
  return declare(M, Dealloc, Prefix, Ty).getCallee();
}

// The functions that may call \p Callee, as far as any refers to it: also by others, or by what is constant.
SmallPtrSet<Function *, 16> callersOf(Function &Callee) {
  SmallPtrSet<Function *, 16> Callers;
  SmallSetVector<Value *, 16> Found;
  Found.insert(&Callee);
  for (size_t Next = 0; Next < Found.size(); ++Next)
    for (User *U : Found[Next]->users()) {
      auto *I = dyn_cast<Instruction>(U);
      if (I)
        Callers.insert(I->getFunction());
      Found.insert(I ? cast<Value>(I->getFunction()) : U);
    }
  return Callers;
}

// Whether a pointer may be an argument, or loaded from where one leads to.
bool isPassed(const Value *Pointer) {
  SmallSetVector<const Value *, 8> Found;
  Found.insert(Pointer);
  for (size_t Next = 0; Next < Found.size(); ++Next) {
    SmallVector<const Value *> Objects;
    getUnderlyingObjects(Found[Next], Objects, /*LI=*/nullptr, /*MaxLookup=*/0);
    if (any_of(Objects, IsaPred<Argument>))
      return true;
    for (const Value *Object : Objects)
      if (auto *Load = dyn_cast<LoadInst>(Object))
        Found.insert(Load->getPointerOperand());
  }
  return false;
}

// Whether \p Pointer leads to a cache of Enzyme's that nothing reads.
bool isUnreadCache(const Value *Pointer) {
  auto *Cache = dyn_cast<CallInst>(getUnderlyingObject(Pointer));
  if (!Cache || !Cache->getCalledFunction() || Cache->getCalledFunction()->getName() != "malloc")
    return false;
  SmallVector<const Value *> Pointers{Cache};
  while (!Pointers.empty())
    for (const Use &U : Pointers.pop_back_val()->uses()) {
      auto *Call = dyn_cast<CallInst>(U.getUser());
      const Function *Callee = Call ? Call->getCalledFunction() : nullptr;
      if (isa<GetElementPtrInst>(U.getUser()))
        Pointers.push_back(U.getUser());
      else if ((!isa<StoreInst>(U.getUser()) || U.getOperandNo() == 0) &&
               (!Callee || Callee->getName() != "free"))
        return false;
    }
  return true;
}

// Whether nothing reads or writes \p Memory after \p Freed, nor keeps it for that.
bool isUnneeded(const Value &Memory, const CallBase &Freed) {
  auto *Alloc = dyn_cast<CallBase>(&Memory);
  const Function *Allocator = Alloc ? Alloc->getCalledFunction() : nullptr;
  if (!Allocator || none_of(Allocs, [&](StringRef Name) { return Allocator->getName().ends_with(Name); }))
    return false;
  // What is reached through there is reached for other memory.
  SmallPtrSet<BasicBlock *, 1> Anew{const_cast<BasicBlock *>(Alloc->getParent())};
  SmallVector<const Value *> Pointers{Alloc};
  while (!Pointers.empty())
    for (const Use &U : Pointers.pop_back_val()->uses()) {
      auto *User = cast<Instruction>(U.getUser());
      auto *Call = dyn_cast<CallBase>(User);
      if (Call && Call->getCalledOperand() == Freed.getCalledOperand())
        continue;
      if (isa<GetElementPtrInst>(User))
        Pointers.push_back(User);
      else if (Call && !Call->doesNotCapture(U.getOperandNo()))
        return false;
      else if (auto *Store = dyn_cast<StoreInst>(User); Store && Store->getValueOperand() == U) {
        if (!isUnreadCache(Store->getPointerOperand()))
          return false;
      } else if (!Call && !isa<LoadInst, StoreInst, ICmpInst>(User))
        return false;
      bool IsAfter = User->getParent() == Alloc->getParent()
                         ? Freed.getParent() == Alloc->getParent() && Freed.comesBefore(User)
                         : isPotentiallyReachable(&Freed, User, &Anew);
      if (IsAfter)
        return false;
    }
  return true;
}

// Begins the derivative \p F, and ends it where it returns or unwinds.
void defineScope(Function &F, bool LooksBack, StringRef Prefix) {
  Module &M = *F.getParent();
  IRBuilder<> Entry(&*F.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  Type *Size = M.getDataLayout().getIntPtrType(F.getContext()), *Flag = Entry.getInt1Ty(), *Ptr = Entry.getPtrTy();
  FunctionCallee Begin =
      declare(M, "__rust_autodiff_begin", Prefix, FunctionType::get(Size, {Flag}, false));
  FunctionCallee End = declare(M, "__rust_autodiff_end", Prefix,
                               FunctionType::get(Entry.getVoidTy(), {Size, Flag, Ptr}, false));
  // How Rust passes a `bool` to a C function.
  auto extend = [](CallInst *Call, unsigned Arg) { Call->addParamAttr(Arg, Attribute::ZExt); };
  Constant *HasReverse = Entry.getInt1(LooksBack);
  CallInst *Kept = Entry.CreateCall(Begin, {HasReverse});
  extend(Kept, 0);
  if (Function *Personality = M.getFunction("rust_eh_personality"); Personality && !F.hasPersonalityFn())
    F.setPersonalityFn(Personality);
  EscapeEnumerator Escapes(F, "", /*HandleExceptions=*/F.hasPersonalityFn());
  while (IRBuilder<> *Builder = Escapes.Next())
    extend(Builder->CreateCall(End, {Kept, HasReverse, deallocOf(M, Prefix)}), 1);
}

} // namespace

// Gives `__rust_realloc` a body of what Enzyme knows: an allocation, a copy, and the end of the old one.
void LLVMRustDefineRealloc(Module &M) {
  constexpr StringRef Name = "__rust_realloc";
  Function *F = allocatorFunction(M, Name);
  if (!F)
    return;
  StringRef Prefix = prefixOf(F->getName(), Name);
  LLVMContext &C = M.getContext();
  Type *Ptr = F->getReturnType(), *Size = F->getArg(1)->getType();
  FunctionCallee Alloc =
      M.getOrInsertFunction(symbolOf(Allocs[0], Prefix), FunctionType::get(Ptr, {Size, Size}, false));

  // The symbol stays what it is, in the codegen unit that this becomes part of.
  Function *Body = Function::Create(F->getFunctionType(), GlobalValue::InternalLinkage,
                                    "rustc.autodiff.realloc", M);
  Body->addFnAttr(Attribute::AlwaysInline);
  F->replaceAllUsesWith(Body);
  Value *Old = Body->getArg(0), *OldSize = Body->getArg(1), *Align = Body->getArg(2),
        *NewSize = Body->getArg(3);
  IRBuilder<> Builder(BasicBlock::Create(C, "", Body));
  BasicBlock *Copy = BasicBlock::Create(C, "", Body);
  BasicBlock *End = BasicBlock::Create(C, "", Body);
  CallInst *New = Builder.CreateCall(Alloc, {NewSize, Align});
  Builder.CreateCondBr(Builder.CreateIsNull(New), End, Copy);
  Builder.SetInsertPoint(Copy);
  Value *Shorter = Builder.CreateICmpULT(NewSize, OldSize);
  Builder.CreateMemCpy(New, MaybeAlign(), Old, MaybeAlign(),
                       Builder.CreateSelect(Shorter, NewSize, OldSize));
  Builder.CreateCall(cast<Function>(deallocOf(M, Prefix)), {Old, OldSize, Align});
  Builder.CreateBr(End);
  Builder.SetInsertPoint(End);
  Builder.CreateRet(New);
}

// Makes notes of what is freed, and says of what allocates that Enzyme need not know how to free it.
void LLVMRustNoteFrees(Module &M) {
  LLVMContext &C = M.getContext();
  Type *Void = Type::getVoidTy(C), *Ptr = PointerType::getUnqual(C);
  for (StringRef Name : Allocs)
    if (Function *Alloc = allocatorFunction(M, Name)) {
      Function *Enzymes = LLVMRustDeclareMarker(M, Free, FunctionType::get(Void, {Ptr}, false));
      Enzymes->setMemoryEffects(MemoryEffects::inaccessibleMemOnly());
      Enzymes->addFnAttr("enzyme_inactive");
      // Which argument is the size, and that what frees it is passed the pointer alone.
      Alloc->addFnAttr("enzyme_allocator", "0");
      Alloc->addFnAttr("enzyme_deallocator", "-1");
      Alloc->setMetadata("enzyme_deallocator_fn", MDNode::get(C, ValueAsMetadata::get(Enzymes)));
    }
  Function *Frees = allocatorFunction(M, Dealloc);
  if (!Frees)
    return;
  auto declareNote = [&](StringRef Name) {
    auto *Ty = FunctionType::get(Void, {Ptr}, /*isVarArg=*/true);
    Function *F = LLVMRustDeclareMarker(M, Name, Ty);
    F->setMemoryEffects(MemoryEffects::inaccessibleOrArgMemOnly());
    F->addParamAttr(0, Attribute::getWithCaptureInfo(C, CaptureInfo::none()));
    F->addFnAttr(Prefix, prefixOf(Frees->getName(), Dealloc));
    return F;
  };
  Function *Noted = declareNote(Note), *NotedPassed = declareNote(NoteOfPassed);
  NotedPassed->addFnAttr("enzyme_math", Note);
  // It has no derivative itself, and nothing has one for its sake.
  Noted->addFnAttr("enzyme_inactive_inst");
  Noted->addParamAttr(0, Attribute::get(C, "enzyme_inactive"));
  for (User *U : make_early_inc_range(Frees->users()))
    if (auto *Old = dyn_cast<CallBase>(U); Old && Old->getCalledFunction() == Frees) {
      SmallVector<Value *> Args(Old->args());
      // A constant is no argument of the note of a shadow, which has one less.
      Args.push_back(ConstantInt::getTrue(C));
      CallInst *New = IRBuilder<>(Old).CreateCall(isPassed(Args[0]) ? NotedPassed : Noted, Args);
      for (unsigned Number : {1, 2})
        New->addParamAttr(Number, Attribute::get(C, "enzyme_inactive"));
      Old->eraseFromParent();
    }

  // A derivative in forward mode of one in reverse mode looks back as well.
  SmallPtrSet<const Function *, 16> LookBack;
  for (Function &F : M)
    if (F.getName().starts_with("__enzyme_autodiff"))
      for (Function *Caller : callersOf(F))
        LookBack.insert(Caller);
  LLVMRustForEachDerivative(M, [&](CallBase &Call, const Value &) {
    Function *F = Call.getFunction();
    F->addFnAttr(LookBack.contains(F) ? Reverse : Forward, F->getName());
  });
}

// Replaces the notes by calls that see to them, now that there are those of shadows as well.
void LLVMRustFreeNoted(Module &M) {
  if (Function *Enzymes = M.getFunction(Free)) {
    for (StringRef Name : Allocs)
      if (Function *Alloc = allocatorFunction(M, Name)) {
        Alloc->removeFnAttr("enzyme_allocator");
        Alloc->removeFnAttr("enzyme_deallocator");
        Alloc->eraseMetadata(M.getMDKindID("enzyme_deallocator_fn"));
      }
    SmallVector<WeakTrackingVH> Dead;
    for (User *U : make_early_inc_range(Enzymes->users())) {
      auto *Call = cast<CallBase>(U);
      Dead.push_back(Call->getArgOperand(0));
      Call->eraseFromParent();
    }
    RecursivelyDeleteTriviallyDeadInstructionsPermissive(Dead);
    Enzymes->eraseFromParent();
  }
  Function *Owning = allocatorFunction(M, NoteOwned);
  Function *Noted = M.getFunction(Note);
  if (!Noted) {
    // Nothing is freed, whoever owns it.
    if (Function *HasFreed = allocatorFunction(M, HasFreedOwned))
      LLVMRustReplaceCalls(*HasFreed, ConstantInt::getFalse(M.getContext()));
    if (Owning)
      LLVMRustReplaceCalls(*Owning);
    return;
  }
  if (Function *NotedPassed = M.getFunction(NoteOfPassed)) {
    NotedPassed->replaceAllUsesWith(Noted);
    NotedPassed->eraseFromParent();
  }
  std::string Names = Noted->getFnAttribute(Prefix).getValueAsString().str();
  LLVMContext &C = M.getContext();
  Type *Void = Type::getVoidTy(C), *Ptr = PointerType::getUnqual(C), *Size = M.getDataLayout().getIntPtrType(C),
       *Flag = Type::getInt1Ty(C);
  FunctionCallee Freed = declare(M, "__rust_autodiff_free", Names,
                                 FunctionType::get(Void, {Ptr, Size, Size, Flag, Ptr}, false));
  FunctionCallee FreedShadow =
      declare(M, "__rust_autodiff_free_shadow", Names, FunctionType::get(Void, {Ptr}, false));
  auto isOfShadow = [](const CallBase &Call) { return Call.arg_size() < 4; };
  SmallPtrSet<const User *, 16> Unneeded;
  for (const User *U : Noted->users())
    if (auto *Call = cast<CallBase>(U); !isOfShadow(*Call) && isUnneeded(*Call->getArgOperand(0), *Call))
      Unneeded.insert(Call);
  for (User *U : make_early_inc_range(Noted->users())) {
    auto *Old = cast<CallBase>(U);
    IRBuilder<> Builder(Old);
    SmallVector<Value *> Args(Old->args());
    if (isOfShadow(*Old)) {
      Builder.CreateCall(FreedShadow, Args[0]);
    } else {
      Args[3] = Builder.getInt1(Unneeded.contains(Old));
      Args.push_back(deallocOf(M, Names));
      Builder.CreateCall(Freed, Args)->addParamAttr(3, Attribute::ZExt);
    }
    Old->eraseFromParent();
  }
  Noted->eraseFromParent();

  SmallPtrSet<Function *, 16> Freeing = callersOf(*cast<Function>(Freed.getCallee()));
  SmallPtrSet<Function *, 16> Noting;
  if (Owning)
    Noting = callersOf(*Owning);
  for (Function &F : M)
    for (StringRef Mode : {Forward, Reverse}) {
      if (F.getFnAttribute(Mode).getValueAsString() == F.getName() && (Freeing.contains(&F) || Noting.contains(&F)))
        defineScope(F, Mode == Reverse, Names);
      F.removeFnAttr(Mode);
    }
  // What LLVM has concluded from the notes is not so any more.
  for (Function *F : Freeing) {
    F->removeFnAttr(Attribute::NoFree);
    F->removeFnAttr(Attribute::Memory);
    for (Argument &Arg : F->args())
      Arg.removeAttr(Attribute::Captures);
  }
}
