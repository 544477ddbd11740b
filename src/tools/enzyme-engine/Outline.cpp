// Requests into wrappers, see Outline.h.

#include "Outline.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;
using namespace engine;

void engine::addInheritedAttributes(Function &To, const Function &From) {
  static const Attribute::AttrKind Kinds[] = {
      Attribute::UWTable,           Attribute::NonLazyBind,     Attribute::NoRedZone,
      Attribute::NoImplicitFloat,   Attribute::SanitizeAddress, Attribute::SanitizeHWAddress,
      Attribute::SanitizeMemory,    Attribute::SanitizeMemTag,  Attribute::SanitizeThread,
      Attribute::SafeStack,         Attribute::ShadowCallStack, Attribute::StackProtect,
      Attribute::StackProtectStrong, Attribute::StackProtectReq};
  static const StringRef Names[] = {"target-cpu",    "tune-cpu",       "target-features",
                                    "frame-pointer", "probe-stack"};
  for (Attribute::AttrKind Kind : Kinds)
    if (Attribute A = From.getFnAttribute(Kind); A.isValid() && !To.hasFnAttribute(Kind))
      To.addFnAttr(A);
  for (StringRef Name : Names)
    if (Attribute A = From.getFnAttribute(Name); A.isValid() && !To.hasFnAttribute(Name))
      To.addFnAttr(A);
}

static Error refuse(const CallBase &Call, const Twine &Why) {
  return createStringError("in `" + Call.getFunction()->getName() + "`: " + Why);
}

static Error checkRequest(const CallBase &Call) {
  if (!isa<CallInst>(Call) && !isa<InvokeInst>(Call))
    return refuse(Call, "a derivative can only be asked for by a call or an invoke");
  if (Call.hasOperandBundles())
    return refuse(Call, "a request for a derivative cannot carry operand bundles");
  if (Call.arg_empty())
    return refuse(Call, "a request for a derivative names no function");
  auto *Primal = dyn_cast<Function>(Call.getArgOperand(0)->stripPointerCastsAndAliases());
  if (!Primal)
    return refuse(Call, "the function to differentiate is not known at compile time");
  if (Primal->isDeclaration())
    return refuse(Call, "cannot differentiate `" + Primal->getName() +
                            "`, its body is not part of this compilation");
  return Error::success();
}

static Function *outlineRequest(CallBase &Call) {
  Function &Caller = *Call.getFunction();
  Value *Primal = Call.getArgOperand(0)->stripPointerCastsAndAliases();

  // Activity markers, widths and the primal stay in the request, Enzyme must see them there.
  SmallVector<Value *> Passed;
  SmallVector<Type *> PassedTypes;
  for (Value *Operand : Call.args())
    if (isa<Instruction>(Operand) || isa<Argument>(Operand)) {
      Passed.push_back(Operand);
      PassedTypes.push_back(Operand->getType());
    }

  auto *Ty = FunctionType::get(Call.getType(), PassedTypes, /*isVarArg=*/false);
  Function *Wrapper = Function::Create(Ty, GlobalValue::InternalLinkage,
                                       Primal->getName() + ".derivative", Caller.getParent());
  addInheritedAttributes(*Wrapper, Caller);

  IRBuilder<> Builder(BasicBlock::Create(Caller.getContext(), "", Wrapper));
  SmallVector<Value *> Operands;
  Argument *Next = Wrapper->arg_begin();
  for (Value *Operand : Call.args())
    Operands.push_back(isa<Instruction>(Operand) || isa<Argument>(Operand) ? Next++ : Operand);
  Operands[0] = Primal;
  CallInst *Request = Builder.CreateCall(Call.getFunctionType(), Call.getCalledOperand(), Operands);
  Request->setAttributes(Call.getAttributes());
  Request->setCallingConv(Call.getCallingConv());
  if (Call.getType()->isVoidTy())
    Builder.CreateRetVoid();
  else
    Builder.CreateRet(Request);

  CallBase *Replacement;
  if (auto *Invoke = dyn_cast<InvokeInst>(&Call)) {
    Replacement = InvokeInst::Create(Wrapper, Invoke->getNormalDest(), Invoke->getUnwindDest(),
                                     Passed, "", Call.getIterator());
  } else {
    auto *Plain = CallInst::Create(Wrapper, Passed, "", Call.getIterator());
    Plain->setTailCallKind(cast<CallInst>(Call).getTailCallKind());
    Replacement = Plain;
  }
  Replacement->copyMetadata(Call);
  if (Call.doesNotThrow())
    Replacement->setDoesNotThrow();
  Replacement->takeName(&Call);
  Call.replaceAllUsesWith(Replacement);
  Call.eraseFromParent();
  return Wrapper;
}

Error engine::outlineRequests(Module &M, SmallVectorImpl<Function *> &Wrappers) {
  SmallVector<CallBase *> Requests;
  for (Function &F : M) {
    if (!isRequest(F))
      continue;
    for (const Use &U : F.uses()) {
      auto *Call = dyn_cast<CallBase>(U.getUser());
      if (!Call || !Call->isCallee(&U))
        return createStringError("`" + F.getName() + "` is used as a value");
      Requests.push_back(Call);
    }
  }
  for (CallBase *Call : Requests)
    if (Error E = checkRequest(*Call))
      return E;
  for (CallBase *Call : Requests)
    Wrappers.push_back(outlineRequest(*Call));
  return Error::success();
}
