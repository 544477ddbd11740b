// What memory is used as, which tells what is copied there.

#include "AutodiffTypes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Analysis/AliasAnalysis.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"
#include "llvm/IR/MDBuilder.h"

using namespace llvm;
using namespace autodiff;

// What rustc says, of a parameter of an adapter, that it points to.
constexpr StringRef Pointee = "rustc.autodiff.pointee";

MDNode *autodiff::tag(LLVMContext &C, StringRef Name) {
  MDBuilder Builder(C);
  MDNode *Root = Builder.createTBAARoot(("Rust " + Name).str());
  MDNode *Node = Builder.createTBAAScalarTypeNode(Name, Root);
  return Builder.createTBAAStructTagNode(Node, Node, 0);
}

StringRef autodiff::nameOf(const MDNode *Tag) {
  auto *Type = dyn_cast<MDNode>(Tag->getOperand(1));
  auto *Name = Type ? dyn_cast<MDString>(Type->getOperand(0)) : nullptr;
  return Name ? Name->getString() : "";
}

Type *autodiff::floatNamed(StringRef Name, LLVMContext &C) {
  return StringSwitch<Type *>(Name)
      .Case("half", Type::getHalfTy(C))
      .Case("float", Type::getFloatTy(C))
      .Case("double", Type::getDoubleTy(C))
      .Case("fp128", Type::getFP128Ty(C))
      .Default(nullptr);
}

StringRef autodiff::nameOfFloat(const Type *Ty) {
  return Ty->isHalfTy()     ? "half"
         : Ty->isFloatTy()  ? "float"
         : Ty->isDoubleTy() ? "double"
         : Ty->isFP128Ty()  ? "fp128"
                            : "";
}

bool autodiff::isDistance(const Instruction &I) {
  return I.getOpcode() == Instruction::Sub && all_of(I.operands(), [](const Use &Operand) {
           return isa<PtrToIntOperator, PtrToAddrInst>(Operand);
         });
}

// Whether \p U is one of the lists of what is to stay in the module.
static bool isKeepList(const User *U) {
  return isa<ConstantArray>(U) && all_of(U->users(), [](const User *List) {
           return isa<GlobalVariable>(List) && List->getName().ends_with(".used");
         });
}

bool autodiff::isOfConstArgument(const Value &Pointer) {
  auto *Arg = dyn_cast<Argument>(getUnderlyingObject(&Pointer));
  const Function *Primal = Arg ? Arg->getParent() : nullptr;
  return Primal && all_of(Primal->users(), [&](const User *U) {
           auto *Call = dyn_cast<CallBase>(U);
           const Function *Enzyme = Call ? Call->getCalledFunction() : nullptr;
           if (!Enzyme || !Enzyme->getName().starts_with("__enzyme_"))
             return isKeepList(U);
           // Before each argument of the primal stands its activity.
           SmallVector<StringRef> Activities;
           for (const Value *Operand : Call->args())
             if (is_contained({"enzyme_const", "enzyme_out", "enzyme_dup", "enzyme_dupnoneed",
                               "enzyme_dupv", "enzyme_dupnoneedv"},
                              Operand->getName()))
               Activities.push_back(Operand->getName());
           return Activities.size() == Primal->arg_size() &&
                  Activities[Arg->getArgNo()] == "enzyme_const";
         });
}

// Whether nothing is done with an integer, or integers, but to compare it.
static bool isCompared(const Instruction &I) {
  return I.getType()->isIntOrIntVectorTy() && !I.use_empty() && all_of(I.users(), [](const User *U) {
    auto *Cast = dyn_cast<BitCastInst>(U);
    return isa<ICmpInst>(U) || (Cast && isCompared(*Cast));
  });
}

StringRef autodiff::nameOfAccess(const Instruction &I) {
  if (!isa<LoadInst, StoreInst>(I))
    return "";
  Type *Ty = getLoadStoreType(&I)->getScalarType();
  if (StringRef Name = nameOfFloat(Ty); !Name.empty())
    return Name;
  auto *Store = dyn_cast<StoreInst>(&I);
  if (auto *Stored = Store ? dyn_cast<Instruction>(Store->getValueOperand()) : nullptr;
      Stored && isDistance(*Stored))
    return "long";
  // Nobody calculates with the bits of a float or a pointer.
  if (Ty->isIntegerTy() && any_of(I.users(), [](const User *U) {
        auto *Operation = dyn_cast<BinaryOperator>(U);
        return Operation && !Operation->isBitwiseLogicOp();
      }))
    return "long";
  return "";
}

Uses::Uses(const Value *Pointer, const DataLayout &Layout, const ConstantInt *Size,
           bool CountCopies)
    : Layout(Layout), CountCopies(CountCopies) {
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

Uses::Uses(const DataLayout &Layout) : Layout(Layout), CountCopies(true) {}

void Uses::follow(const Value *Pointer) {
  push(Pointer);
  visitPending();
}

void Uses::addSource(const Value *Source) {
  pushObjectsOf(Source);
  visitPending();
}

bool Uses::isOnlyCompared(const MemIntrinsic &Call) const {
  return !IsShared && Told.empty() && any_of(Accesses, IsaPred<LoadInst>) &&
         all_of(Accesses, [&](const Instruction *I) {
    return I == &Call || isa<StoreInst>(I) || (isa<LoadInst>(I) && isCompared(*I));
  });
}

void Uses::push(const Value *V, Distance At) {
  // The pointer of an empty `Vec` is a number, which is no object.
  if ((!isa<Constant>(V) || isa<GlobalVariable>(V)) && Seen.insert(V).second)
    Pending.push_back({V, At});
}

Uses::Distance Uses::behind(const GetElementPtrInst &Place, Distance At) const {
  APInt Offset(Layout.getIndexTypeSizeInBits(Place.getType()), 0);
  if (!At || !Place.accumulateConstantOffset(Layout, Offset))
    return std::nullopt;
  return *At + Offset.getSExtValue();
}

bool Uses::isElsewhere(const Instruction &I, Distance At) const {
  int64_t Size = Layout.getTypeStoreSize(getLoadStoreType(&I)).getFixedValue();
  return At && (*At >= End || *At + Size <= Start);
}

void Uses::pushObjectsOf(const Value *Pointer) {
  SmallVector<const Value *> Objects;
  getUnderlyingObjects(Pointer, Objects);
  for (const Value *Object : Objects)
    pushObject(Object);
}

// What else a callee is passed is no concern of this object: that which frees
// memory has all objects for its argument.
void Uses::pushObject(const Value *Object, Distance At) {
  push(Object, At);
  auto *Arg = dyn_cast<Argument>(Object);
  if (Arg && Passed.insert(Arg).second)
    visitArgument(*Arg);
  IsShared |= !Arg && !isIdentifiedFunctionLocal(Object);
}

void Uses::note(StringRef Name) {
  if (Name == Bytes || Name == Octets)
    return;
  Differ |= !Told.empty() && Told != Name;
  HasFloat |= is_contained({"half", "float", "double", "fp128"}, Name);
  Told = Name;
}

void Uses::visitPending() {
  while (!Pending.empty()) {
    auto [Next, At] = Pending.pop_back_val();
    visit(Next, At);
  }
}

void Uses::visit(const Value *Pointer, Distance At) {
  for (const Use &U : Pointer->uses()) {
    auto *I = dyn_cast<Instruction>(U.getUser());
    if (!I)
      continue;
    if (auto *Place = dyn_cast<GetElementPtrInst>(I)) {
      push(I, behind(*Place, At));
    } else if (isa<PHINode, SelectInst>(I)) {
      push(I);
    } else if (auto *Return = dyn_cast<ReturnInst>(I)) {
      visitReturn(*Return);
    } else if (isa<MemIntrinsic>(I)) {
      Accesses.push_back(I);
      visitMetadata(*I);
    } else if (auto *Call = dyn_cast<CallBase>(I)) {
      visitCall(*Call, U, At);
    } else if (auto *Store = dyn_cast<StoreInst>(I); Store && U.getOperandNo() == 0) {
      IsShared = true;
    } else if (getLoadStorePointerOperand(I) == Pointer && !isElsewhere(*I, At)) {
      Accesses.push_back(I);
      visitAccess(*I);
    }
  }
}

void Uses::visitArgument(const Argument &Arg) {
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
void Uses::visitReturn(const ReturnInst &Return) {
  const Function &F = *Return.getFunction();
  for (const User *U : F.users()) {
    auto *Call = dyn_cast<CallBase>(U);
    if (Call && Call->getCalledFunction() == &F)
      push(Call);
  }
}

void Uses::visitCall(const CallBase &Call, const Use &U, Distance At) {
  const Function *Callee = Call.getCalledFunction();
  if (Callee && Callee->getName().starts_with(CastName))
    push(&Call, At);
  if (Callee && !Callee->isDeclaration() && Call.isArgOperand(&U) &&
      Call.getArgOperandNo(&U) < Callee->arg_size())
    push(Callee->getArg(Call.getArgOperandNo(&U)), At);
}

void Uses::visitAccess(const Instruction &I) {
  StringRef Name = nameOfFloat(getLoadStoreType(&I)->getScalarType());
  if (!Name.empty())
    return note(Name);
  if (visitMetadata(I))
    return;
  Name = getLoadStoreType(&I)->isPtrOrPtrVectorTy() ? "any pointer" : nameOfAccess(I);
  if (Name.empty()) {
    HasUntold = true;
    HasUntoldStore |= isa<StoreInst>(I);
  } else
    note(Name);
}

bool Uses::visitMetadata(const Instruction &I) {
  MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa);
  if (Tag && (CountCopies || !isa<MemIntrinsic>(I) || nameOf(Tag) != "long"))
    note(nameOf(Tag));
  return Tag;
}
