// Branches, loops and calls.
#include <torch/csrc/jit/api/function_impl.h>

#include "failures.h"
#include "interpreter.h"
#include "passerelle/graph/ways_out.h"
#include "passerelle/support/check.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;

namespace {

/// Whether nothing but what a block returns tells that it ran.
bool only_computes(const jit::Block* block) {
  for (const jit::Node* node : block->nodes()) {
    if (node->kind() == c10::prim::Constant) continue;
    if (node->kind() == c10::prim::If) {
      if (only_computes(node->blocks()[0]) && only_computes(node->blocks()[1])) continue;
      return false;
    }
    const jit::Operator* known = node->maybeOperator();
    if (!node->blocks().empty() || known == nullptr || known->schema().is_mutable() || node->hasSideEffects())
      return false;
  }
  return true;
}

/// `a and b` and `a or b` are branches that return a bool: who asks for it decides something, not they.
bool is_connective(const jit::Node* node) {
  return node->outputs().size() == 1 && node->output()->type()->kind() == c10::TypeKind::BoolType &&
         only_computes(node->blocks()[0]) && only_computes(node->blocks()[1]);
}

}  // namespace

void Interpreter::follow_condition(Node* node, const Slot& condition, const char* what) {
  // What it would have been, an operator that could not be run knows: there is a diagnostic for it already.
  if (condition.unknown) throw TraceStopped{};
  if (dependence(condition) != Dependence::data) return;
  node_ = node;
  diagnose(graph::Reason::data_dependent_control_flow,
           std::string(what) + " is computed from the values of a tensor, which are known only when the model runs",
           node->kind() == c10::prim::Loop ? graph::way_out::fixed_count : graph::way_out::both_ways);
}

void Interpreter::run_if(Node* node) {
  const Slot condition = slot(node->input());
  if (!condition.unknown && condition.number) {
    if (!run_if_on_data(node, condition)) run_branch(node, condition.value.toBool() ? 0 : 1);
    return;
  }
  const bool connects = !condition.unknown && dependence(condition) == Dependence::data && is_connective(node);
  if (!connects) follow_condition(node, condition, "a condition");
  run_branch(node, condition.value.toBool() ? 0 : 1);
  if (connects) frame_->values.at(node->output()).dependence = Dependence::data;
}

void Interpreter::run_branch(Node* node, size_t branch) {
  run_block(node->blocks()[branch]);
  set_results(node, outputs_of(node->blocks()[branch]));
}

std::vector<Slot> Interpreter::outputs_of(const jit::Block* block) {
  std::vector<Slot> results;
  for (const jit::Value* output : block->outputs()) results.push_back(slot(output));
  return results;
}

void Interpreter::run_loop(Node* node) {
  const Slot count = slot(node->inputs()[0]);
  Slot condition = slot(node->inputs()[1]);
  const size_t diagnostics = trace_.diagnostic_count();
  if (fits_while(node, count, condition) && run_loop_on_data(node, count, condition)) return;
  bool told = trace_.diagnostic_count() > diagnostics;
  if (!told) follow_condition(node, count, "the number of a loop's iterations");
  told = told || dependence(count) == Dependence::data;
  std::vector<Slot> carried;
  for (size_t i = 2; i < node->inputs().size(); ++i) carried.push_back(slot(node->inputs()[i]));
  const jit::Block* body = node->blocks()[0];
  const int64_t iterations = count.value.toInt();
  for (int64_t i = 0; i < iterations; ++i) {
    if (!told || condition.unknown) follow_condition(node, condition, "a loop's condition");
    told = told || dependence(condition) == Dependence::data;  // one loop, however often it asks
    if (!condition.value.toBool()) break;
    node_ = node;
    spend(1);  // a body may be empty
    set(body->inputs()[0], {i});
    for (size_t j = 0; j < carried.size(); ++j) set(body->inputs()[j + 1], std::move(carried[j]));
    run_block(body);
    condition = slot(body->outputs()[0]);
    for (size_t j = 0; j < carried.size(); ++j) carried[j] = slot(body->outputs()[j + 1]);
  }
  set_results(node, std::move(carried));
}

void Interpreter::run_call_method(Node* node) {
  std::vector<Slot> arguments = inputs_of(node);
  if (arguments[0].unknown) return set_unknown(node);
  const c10::IValue self = arguments[0].value;
  const std::string& name = node->s(c10::attr::name);
  if (!self.isObject()) fail("a method, '" + name + "', is called on what is no object");
  jit::Function* method = self.toObject()->type()->findMethod(name);
  if (method == nullptr) fail("an object has no method '" + name + "'");
  const auto path = module_paths_.find(self.internalToPointer());
  set_results(node,
              call(*method, std::move(arguments), path == module_paths_.end() ? frame_->module_path : path->second));
}

void Interpreter::run_call_function(Node* node) {
  const auto type = node->inputs()[0]->type()->cast<c10::FunctionType>();
  check(type != nullptr, "CallFunction calls a function");
  std::vector<Slot> arguments = inputs_of(node);
  arguments.erase(arguments.begin());
  set_results(node, call(*type->function(), std::move(arguments), frame_->module_path));
}

// A task that is forked runs here and now; waiting for it hands over what it made.
void Interpreter::run_fork(Node* node) {
  const std::shared_ptr<jit::Graph> graph = node->g(c10::attr::Subgraph);
  std::vector<Slot> results = call_graph(*graph, inputs_of(node), frame_->module_path);
  if (results.size() != 1) fail("a forked task returns other than one value");
  set_results(node, std::move(results));
}

void Interpreter::run_raise(Node* node) {
  const c10::IValue message = slot(node->inputs()[0]).value;
  throw ModelThrew{
      message.isString() && !message.toStringRef().empty() ? message.toStringRef() : "it raises an exception", origin(),
      true};
}

void Interpreter::run_enter(Node* node) {
  std::vector<Slot> self{slot(node->input())};
  const c10::IValue object = self[0].value;
  set_results(node, call(object.toObject()->type()->getMethod("__enter__"), std::move(self), frame_->module_path));
}

void Interpreter::run_exit(Node* node) {
  const c10::IValue object = slot(node->inputs()[0]).value;
  std::vector<Slot> arguments{{object}, {c10::IValue()}, {c10::IValue()}, {c10::IValue()}};
  call(object.toObject()->type()->getMethod("__exit__"), std::move(arguments), frame_->module_path);
  for (const jit::Value* output : node->outputs()) set(output, {});
}

}  // namespace passerelle::torchscript
