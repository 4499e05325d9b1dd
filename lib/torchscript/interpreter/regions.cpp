// Conditions and loops that only the data decides: both branches, or the body once, become regions of the trace.
//
// Each branch is run from the same state. What comes out of a condition or is carried through a loop has one shape and
// type; a Python number in it becomes a tensor. What a region writes to in place is an output of it, too.
#include <torch/csrc/jit/api/function_impl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

#include "failures.h"
#include "interpreter.h"
#include "passerelle/graph/ways_out.h"
#include "passerelle/support/check.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;
using c10::IValue;

struct Interpreter::Leaf {
  IValue value;                ///< a tensor, or a number that stands by itself
  std::optional<TensorId> id;  ///< none of a number that is known
  at::Tensor copy;             ///< of a tensor: its memory may be as it was before when the region has ended
};

/// A value taken apart. Two values of the same structure differ in their leaves alone.
struct Interpreter::Flat {
  std::string structure;  ///< "T", "i", "(T,[T,T,])", ...; "?" of what is not initialised
  std::vector<Leaf> leaves;
  Slot slot;
  bool unknown = false;
  bool may_be_shared = false;  ///< a list in it is there outside of the region, too
};

/// A tensor from outside that a region writes to, and what it holds at the region's end.
struct Interpreter::Written {
  at::Tensor tensor;
  TensorId id;
  at::Tensor value;
};

struct Interpreter::TracedRegion {
  trace::Region region;
  std::vector<Flat> outputs;
  std::vector<Written> written;
  std::optional<ModelThrew> threw;
};

/// What a loop carries from one iteration to the next.
struct Interpreter::Carried {
  struct Value {
    Slot initial;
    Flat flat;
    bool stays = false;  ///< the body hands it on as it is
    std::vector<TensorId> formals;
    std::vector<at::Tensor> tensors;  ///< that stand for it in the body; undefined for numbers
  };
  std::vector<Value> values;
  std::vector<at::Tensor> written;  ///< tensors from outside that the body writes to
  TensorId counter{};
};

namespace {

// What to do instead.
namespace way_out {
using namespace graph::way_out;
constexpr char greatest_size[] = "pad to the greatest size, and carry the length or the position in a tensor beside it";
constexpr char new_container[] = "make a new list, or write to a tensor of fixed size at a position: x[i] = y";
constexpr char own_variables[] = "keep them in variables of their own, or in tensors";
constexpr char same_kinds[] = "give both branches values of the same kinds and sizes";
constexpr char carry_clone[] = "carry a clone() of it";
constexpr char decide_outside[] = "leave the decision to the app: make each way a model of its own";
}  // namespace way_out

bool is_number(const IValue& value) { return value.isInt() || value.isDouble() || value.isBool(); }

std::string shape_text(const at::Tensor& tensor) {
  std::string text = std::string(c10::toString(tensor.scalar_type())) + "[";
  for (int64_t i = 0; i < tensor.dim(); ++i) text += (i > 0 ? "," : "") + std::to_string(tensor.size(i));
  return text + "]";
}

bool same_type(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  if (!a.is_quantized()) return true;
  return a.qscheme() == at::kPerTensorAffine && b.qscheme() == at::kPerTensorAffine && a.q_scale() == b.q_scale() &&
         a.q_zero_point() == b.q_zero_point();
}

bool same_number(const IValue& a, const IValue& b) {
  if (a.isInt()) return a.toInt() == b.toInt();
  if (a.isBool()) return a.toBool() == b.toBool();
  return a.toDouble() == b.toDouble();
}

std::string number_text(const IValue& value) {
  if (value.isInt()) return "i" + std::to_string(value.toInt());
  if (value.isBool()) return value.toBool() ? "b1" : "b0";
  char text[40];
  std::snprintf(text, sizeof text, "f%a", value.toDouble());  // to the last bit
  return text;
}

IValue zero_like(const IValue& value) {
  if (value.isTensor()) return value.toTensor().clone().zero_();
  if (value.isInt()) return int64_t{0};
  if (value.isBool()) return false;
  return 0.0;
}

}  // namespace

Interpreter::Flat Interpreter::flat(const Slot& slot) {
  Flat result;
  result.slot = slot;
  result.unknown = slot.unknown;
  if (slot.unknown || slot.uninitialized) {
    result.structure = "?";
    return result;
  }
  if (is_number(slot.value)) {
    if (slot.dependence == Dependence::data && !slot.number)
      throw RegionRefused{"a Python number is computed from the data in a way that can't be followed",
                          way_out::decide_outside, origin()};
    result.structure = number_text(slot.value).front();
    result.leaves.push_back({slot.value, slot.number, {}});
    return result;
  }
  if (scalar_dependence(slot.value, Dependence::constant) == Dependence::data)
    throw RegionRefused{"a list, tuple or dict holds Python numbers that are computed from the data",
                        way_out::own_variables, origin()};
  flatten(slot.value, result);
  return result;
}

void Interpreter::flatten(const IValue& value, Flat& result) {
  if (value.isTensor() && value.toTensor().defined()) {
    result.structure += "T";
    result.leaves.push_back({value, tracker_.id(value.toTensor()), value.toTensor().clone()});
  } else if (value.isNone() || value.isTensor()) {
    result.structure += "N";
  } else if (is_number(value)) {
    result.structure += number_text(value);
  } else if (value.isString()) {
    result.structure += "s" + value.toStringRef() + '\0';
  } else if (value.isList() || value.isTuple()) {
    if (value.isList() && !is_made_here(value)) {
      share(value);
      result.may_be_shared = true;
    }
    result.structure += value.isList() ? "[" : "(";
    const auto elements = value.isList() ? value.toListRef() : c10::ArrayRef<IValue>(value.toTupleRef().elements());
    for (const IValue& element : elements) {
      flatten(element, result);
      result.structure += ",";
    }
    result.structure += value.isList() ? "]" : ")";
  } else if (value.isPtrType()) {
    // A dict or an object is the same one, or another.
    result.structure += "p" + std::to_string(reinterpret_cast<uintptr_t>(value.internalToPointer()));
  } else {
    result.structure += "x" + std::string(value.tagKind());
  }
}

/// A value with the structure of `like`, and these leaves.
/// `shares`: what is done to its lists may have to show in others.
Slot Interpreter::rebuilt(const IValue& like, const std::vector<Slot>& leaves, bool shares, size_t& next) {
  if (like.isTensor() && like.toTensor().defined()) return leaves.at(next++);
  if (like.isTuple()) {
    std::vector<IValue> elements;
    for (const IValue& element : like.toTupleRef().elements())
      elements.push_back(rebuilt(element, leaves, shares, next).value);
    const auto type = like.type()->cast<c10::TupleType>();
    Slot result{type && type->name() ? IValue(c10::ivalue::Tuple::createNamed(std::move(elements), type))
                                     : IValue(c10::ivalue::Tuple::create(std::move(elements)))};
    set_container_dependence(result.value, Dependence::constant);
    return result;
  }
  if (like.isList()) {
    c10::impl::GenericList list(like.toList().elementType());
    for (const IValue& element : like.toListRef()) list.push_back(rebuilt(element, leaves, shares, next).value);
    Slot result{IValue(list)};
    set_container_dependence(result.value, Dependence::constant);
    if (shares) share(result.value);
    return result;
  }
  return {like};
}

void Interpreter::refuse_region(const RegionRefused& refused) {
  graph::Diagnostic diagnostic;
  diagnostic.reason = graph::Reason::data_dependent_control_flow;
  diagnostic.message = refused.message;
  diagnostic.suggestion = refused.suggestion;
  diagnostic.origin = refused.origin;
  diagnostic.op = refused.origin.op;
  trace_.add_diagnostic(std::move(diagnostic));
}

bool Interpreter::is_made_here(const IValue& container) const {
  return made_in_region_.count(container.internalToPointer()) != 0;
}

void Interpreter::share(const IValue& value) {
  if (value.isList()) shared_.emplace(value.internalToPointer(), value);
  if (!value.isTuple() && !value.isList()) return;
  for (const IValue& each : value.isList() ? value.toListRef() : c10::ArrayRef<IValue>(value.toTupleRef().elements()))
    share(each);
}

void Interpreter::require_made_here(const IValue& container, const char* what) {
  const bool is_shared = shared_.count(container.internalToPointer()) != 0;
  if (!is_shared && (open_regions_ == 0 || is_made_here(container))) return;
  const std::string message =
      std::string(what) +
      (is_shared
           ? " is changed that a branch or loop may have handed on as it was: which other names it has depends on "
             "the values of a tensor"
           : " from outside is changed in a branch or loop whose way depends on the values of a tensor");
  if (open_regions_ > 0) throw RegionRefused{message, way_out::new_container, origin()};
  diagnose(graph::Reason::data_dependent_control_flow, message, way_out::new_container);
  throw TraceStopped{};
}

Interpreter::TracedRegion Interpreter::trace_region(const TensorTracker::State& before,
                                                    const std::function<std::vector<Slot>()>& run) {
  TracedRegion traced;
  Frame* const frame = frame_;
  const Node* const node = node_;
  const auto attributes = attributes_;
  const auto made_outside = std::exchange(made_in_region_, {});
  trace_.begin_region();
  ++open_regions_;
  const auto close = [&] {
    frame_ = frame;
    node_ = node;
    attributes_ = attributes;
    made_in_region_ = made_outside;
    --open_regions_;
    traced.region.nodes = trace_.end_region();
  };
  try {
    for (const Slot& output : run()) traced.outputs.push_back(flat(output));
    for (const at::Tensor& tensor : tracker_.written_since(before))
      traced.written.push_back({tensor, tracker_.id(tensor), tensor.clone()});
  } catch (const ModelThrew& thrown) {
    traced.threw = thrown;
  } catch (...) {
    close();
    throw;
  }
  close();
  return traced;
}

bool Interpreter::run_if_on_data(Node* node, const Slot& condition) {
  const TensorTracker::State before = tracker_.copy();
  const size_t taken = condition.value.toBool() ? 0 : 1;
  std::array<TracedRegion, 2> branches;
  bool in_branch = false;
  try {
    for (size_t branch : {1 - taken, taken}) {
      tracker_.begin_journal();
      in_branch = true;
      branches[branch] = trace_region(before, [&] {
        run_block(node->blocks()[branch]);
        return outputs_of(node->blocks()[branch]);
      });
      tracker_.go_back(before);
      in_branch = false;
      node_ = node;
      if (branches[branch].threw) return run_without(node, branch, branch == taken, *branches[branch].threw);
    }
    join_branches(node, condition, before, branches, taken);
  } catch (const RegionRefused& refused) {
    if (in_branch) tracker_.go_back(before);
    refuse_region(refused);
    return false;
  }
  return true;
}

/// Only the other branch ends without an exception; but an operator that throws on the example's data may have been
/// meant for other data.
bool Interpreter::run_without(Node* node, size_t branch, bool is_taken, const ModelThrew& threw) {
  if (!threw.is_raised && is_taken) throw ModelThrew(threw);
  if (!threw.is_raised)
    throw RegionRefused{"a branch can't be followed on the example's data: " + threw.what, way_out::decide_outside,
                        threw.origin};
  graph::Diagnostic note;
  note.reason = graph::Reason::data_dependent_control_flow;
  note.message = "a branch that raises an exception (" + threw.what + ") is left out";
  note.origin = threw.origin;
  note.op = threw.origin.op;
  trace_.add_note(std::move(note));
  run_branch(node, 1 - branch);
  return true;
}

void Interpreter::join_branches(Node* node, const Slot& condition, const TensorTracker::State& before,
                                std::array<TracedRegion, 2>& branches, size_t taken) {
  trace::Node made;
  made.op = "prim::If";
  made.arguments = {{"condition", {*condition.number}}};
  for (TracedRegion& branch : branches) made.regions.push_back(std::move(branch.region));
  std::vector<Slot> results;
  for (size_t i = 0; i < branches[0].outputs.size(); ++i)
    results.push_back(merged(before, {&branches[0].outputs[i], &branches[1].outputs[i]}, taken, made));

  std::vector<std::pair<at::Tensor, TensorId>> written;
  const auto held = [](const TracedRegion& branch, const at::Tensor& tensor) {
    return std::find_if(branch.written.begin(), branch.written.end(),
                        [&](const auto& each) { return each.tensor.is_same(tensor); });
  };
  for (size_t which : {0, 1})
    for (const auto& each : branches[which].written) {
      if (which == 1 && held(branches[0], each.tensor) != branches[0].written.end()) continue;
      for (size_t branch : {0, 1}) {
        const auto found = held(branches[branch], each.tensor);
        made.regions[branch].outputs.push_back(found == branches[branch].written.end() ? tracker_.id(each.tensor)
                                                                                       : found->id);
      }
      written.emplace_back(each.tensor, trace_.add_tensor(each.tensor));
      made.results.push_back({written.back().second});
    }
  made.origin = trace_.add_origin(origin());
  if (written.empty() && is_cheap(made))
    emit_choice(made);
  else if (!made.results.empty())
    trace_.add_node(std::move(made));
  for (const auto& [tensor, id] : written) {
    const auto found = held(branches[taken], tensor);
    write_result(tensor, found == branches[taken].written.end() ? tensor : found->value, id);
  }
  set_results(node, std::move(results));
}

/// Whether both branches compute a few Python numbers, and can be run both without harm: what `and` and `or`, and the
/// flags that break and return leave, become.
bool Interpreter::is_cheap(const trace::Node& node) const {
  constexpr size_t most_nodes = 16;
  return std::all_of(node.regions.begin(), node.regions.end(), [&](const trace::Region& region) {
    return region.nodes.size() <= most_nodes &&
           std::all_of(region.outputs.begin(), region.outputs.end(),
                       [&](TensorId id) { return trace_[id].shape.empty(); }) &&
           std::all_of(region.nodes.begin(), region.nodes.end(), [&](const trace::Node& inner) {
             const bool divides = inner.op.find("div") != std::string::npos || inner.op == "aten::remainder";
             const TensorId* const result = inner.results.size() == 1 ? inner.results[0].tensor() : nullptr;
             return !divides && inner.regions.empty() && result && trace_[*result].shape.empty();
           });
  });
}

/// Both branches, and a choice between their results.
void Interpreter::emit_choice(trace::Node& node) {
  for (trace::Region& region : node.regions)
    for (trace::Node& inner : region.nodes) trace_.add_node(std::move(inner));
  const TensorId condition = *node.arguments[0].second.tensor();
  const auto known = [&](TensorId id) -> std::optional<bool> {
    if (!trace_[id].constant) return std::nullopt;
    return trace_[id].constant->converted(graph::ElementType::int32).integers().front() != 0;
  };
  const auto combined = [&](const char* op, TensorId a, TensorId b) {
    return emit_on_numbers(op, "", {{"self", {a}}, {"other", {b}}}, graph::ElementType::bool8);
  };
  const auto negated = [&](TensorId id) {
    return emit_on_numbers("aten::logical_not", "", {{"self", {id}}}, graph::ElementType::bool8);
  };
  for (size_t i = 0; i < node.results.size(); ++i) {
    const TensorId result = *node.results[i].tensor(), one = node.regions[0].outputs[i],
                   other = node.regions[1].outputs[i];
    trace::Node last;
    last.origin = node.origin;
    last.results = {{result}};
    if (trace_[result].type != graph::ElementType::bool8) {
      last.op = "aten::where";
      last.overload = "self";
      last.arguments = {{"condition", {condition}}, {"self", {one}}, {"other", {other}}};
    } else if (const auto truth = known(other)) {
      // Where the other is true: not the condition, or this one; else both.
      last.op = *truth ? "aten::logical_or" : "aten::logical_and";
      last.arguments = {{"self", {*truth ? negated(condition) : condition}}, {"other", {one}}};
    } else if (const auto truth = known(one)) {
      last.op = *truth ? "aten::logical_or" : "aten::logical_and";
      last.arguments = {{"self", {*truth ? condition : negated(condition)}}, {"other", {other}}};
    } else {
      last.op = "aten::logical_or";
      last.arguments = {{"self", {combined("aten::logical_and", condition, one)}},
                        {"other", {combined("aten::logical_and", negated(condition), other)}}};
    }
    trace_.add_node(std::move(last));
  }
}

/// What a region has written to a tensor from outside is there when it ends.
void Interpreter::write_result(const at::Tensor& tensor, const at::Tensor& value, TensorId id) {
  tracker_.before_write(tensor, Dependence::data);
  if (!tensor.is_same(value)) const_cast<at::Tensor&>(tensor).copy_(value);
  tracker_.after_write(tensor, Dependence::data, id);
}

/// A value of its own for a tensor that a region gives. Where that may be one from outside, a write to either reaches
/// the other.
Slot Interpreter::result_tensor(const TensorTracker::State& before, const at::Tensor& value, TensorId id,
                                const std::vector<at::Tensor>& may_be) {
  const at::Tensor result = value.clone();
  tracker_.add_fresh(result, Dependence::data, id);
  for (const at::Tensor& other : may_be)
    if (tracker_.shares_storage_of(before, other)) tracker_.link(result, other);
  return {result};
}

Slot Interpreter::merged(const TensorTracker::State& before, std::array<const Flat*, 2> flats, size_t taken,
                         trace::Node& made) {
  for (const Flat* each : flats)
    if (each->unknown) return each->slot;
  if (flats[taken]->slot.uninitialized) taken = 1 - taken;
  const Flat& like = *flats[taken];
  const Flat& other = *flats[1 - taken];
  if (like.slot.uninitialized) return like.slot;
  const bool both = !other.slot.uninitialized;
  if (both && like.structure != other.structure)
    throw RegionRefused{"its branches give values of different kinds, or containers of different lengths",
                        way_out::same_kinds, origin()};
  std::vector<Slot> leaves;
  for (size_t i = 0; i < like.leaves.size(); ++i) {
    const Leaf& mine = like.leaves[i];
    const Leaf* theirs = both ? &other.leaves[i] : nullptr;
    leaves.push_back(merged_leaf(before, mine, theirs, taken, made));
  }
  if (is_number(like.slot.value)) return leaves.front();
  size_t next = 0;
  return rebuilt(like.slot.value, leaves, like.may_be_shared || other.may_be_shared, next);
}

Slot Interpreter::merged_leaf(const TensorTracker::State& before, const Leaf& mine, const Leaf* theirs, size_t taken,
                              trace::Node& made) {
  const bool is_tensor = mine.value.isTensor();
  if (theirs && is_tensor && mine.value.toTensor().is_same(theirs->value.toTensor())) return {mine.value};
  if (theirs && !is_tensor && mine.id == theirs->id && (mine.id || same_number(mine.value, theirs->value)))
    return mine.id ? number_slot(mine.value, *mine.id) : Slot{mine.value};
  if (theirs && is_tensor && !same_type(mine.value.toTensor(), theirs->value.toTensor()))
    throw RegionRefused{"its branches give tensors of different shapes or types, " + shape_text(mine.value.toTensor()) +
                            " and " + shape_text(theirs->value.toTensor()),
                        way_out::greatest_size, origin()};
  TensorId ids[2];
  ids[taken] = is_tensor ? *mine.id : number_tensor(mine.value, mine.id);
  ids[1 - taken] = !theirs     ? zero_tensor(mine.value)
                   : is_tensor ? *theirs->id
                               : number_tensor(theirs->value, theirs->id);
  for (size_t branch : {0, 1}) made.regions[branch].outputs.push_back(ids[branch]);
  Tensor description = trace_[ids[taken]];
  description.dependence = Dependence::data;
  description.constant.reset();
  const TensorId id = trace_.add_tensor(std::move(description));
  made.results.push_back({id});
  if (!is_tensor) return number_slot(mine.value, id);
  std::vector<at::Tensor> may_be{mine.value.toTensor()};
  if (theirs) may_be.push_back(theirs->value.toTensor());
  return result_tensor(before, mine.copy, id, may_be);
}

/// Where nobody reads what is there: zeros.
TensorId Interpreter::zero_tensor(const IValue& like) {
  if (!like.isTensor()) return number_tensor(zero_like(like), std::nullopt);
  return trace_.add_constant(zero_like(like).toTensor(), Dependence::constant);
}

/// Whether the loop is to be a region: it depends on data when to end it, or it is a long one.
bool Interpreter::fits_while(Node* node, const Slot& count, const Slot& condition) {
  if (count.unknown || condition.unknown) return false;
  if (count.number || condition.number) return true;
  if (dependence(count) == Dependence::data || dependence(condition) == Dependence::data) return false;
  if (!condition.value.toBool() || count.value.toInt() <= 0) return false;
  const jit::Block* body = node->blocks()[0];
  const bool is_counted = body->outputs()[0]->node()->kind() == c10::prim::Constant;
  if (!is_counted) return ends_on_data(node);
  constexpr int64_t endless = std::numeric_limits<int64_t>::max();  // while True: nothing ends it
  return count.value.toInt() > budget_.unrolled && count.value.toInt() < endless;
}

/// Whether a loop that goes on depends on data in the end: that shows once it has been run.
bool Interpreter::ends_on_data(Node* node) {
  const TensorTracker::State before = tracker_.copy();
  const size_t diagnostics = trace_.diagnostic_count();
  const jit::Block* body = node->blocks()[0];
  bool depends = false;
  tracker_.begin_journal();
  try {
    const TracedRegion once = trace_region(before, [&]() -> std::vector<Slot> {
      set(body->inputs()[0], {int64_t{0}});
      for (size_t i = 2; i < node->inputs().size(); ++i) set(body->inputs()[i - 1], slot(node->inputs()[i]));
      run_block(body);
      return {slot(body->outputs()[0])};
    });
    depends = !once.threw && once.outputs.front().leaves.size() == 1 && once.outputs.front().leaves.front().id;
  } catch (const RegionRefused&) {
    // It changes a list from outside: then it can't be a region either.
  }
  tracker_.go_back(before);
  node_ = node;
  trace_.forget_diagnostics(diagnostics);
  return depends;
}

Interpreter::TracedRegion Interpreter::trace_body(Node* node, Carried& carried, const TensorTracker::State& before) {
  const jit::Block* body = node->blocks()[0];
  std::vector<TensorId> formals;
  const auto add_formal = [&](Tensor description) {
    description.dependence = Dependence::data;
    description.constant.reset();
    formals.push_back(trace_.add_tensor(std::move(description)));
    return formals.back();
  };
  const auto enter = [&](Carried::Value& value) {
    value.formals.clear();
    value.tensors.clear();
    std::vector<Slot> leaves;
    for (const Leaf& leaf : value.flat.leaves) {
      const bool is_tensor = leaf.value.isTensor();
      const TensorId id = add_formal(trace_[is_tensor ? *leaf.id : number_tensor(leaf.value, leaf.id)]);
      const at::Tensor tensor = is_tensor ? leaf.value.toTensor().clone() : at::Tensor();
      if (is_tensor) tracker_.add_fresh(tensor, Dependence::data, id);
      leaves.push_back(is_tensor ? Slot{tensor} : number_slot(leaf.value, id));
      value.formals.push_back(id);
      value.tensors.push_back(tensor);
    }
    if (value.flat.structure == "?") return value.initial;
    size_t next = 0;
    return is_number(value.flat.slot.value) ? leaves.front() : rebuilt(value.flat.slot.value, leaves, true, next);
  };
  TracedRegion traced = trace_region(before, [&] {
    Tensor counter;
    counter.type = graph::ElementType::int64;
    carried.counter = add_formal(std::move(counter));
    counters_.insert(carried.counter);
    set(body->inputs()[0], number_slot(int64_t{0}, carried.counter));
    for (size_t i = 0; i < carried.values.size(); ++i)
      set(body->inputs()[i + 1], carried.values[i].stays ? carried.values[i].initial : enter(carried.values[i]));
    for (const at::Tensor& tensor : carried.written)
      tracker_.after_write(tensor, Dependence::data, add_formal(trace_[tracker_.id(tensor)]));
    run_block(body);
    check_carried(carried);
    return outputs_of(body);
  });
  traced.region.inputs = std::move(formals);
  return traced;
}

/// A tensor that is carried stands for itself in the body: where it is written to, no other may share its memory.
void Interpreter::check_carried(const Carried& carried) {
  bool any_written = false, shared = false;
  std::set<const void*> memories;
  written_formals_.clear();
  for (const Carried::Value& value : carried.values)
    for (size_t i = 0; i < value.tensors.size(); ++i) {
      if (!value.tensors[i].defined()) continue;
      const at::Tensor& initial = value.flat.leaves[i].value.toTensor();
      const bool is_written = tracker_.is_written(value.tensors[i]);
      any_written = any_written || is_written;
      if (is_written) written_formals_.insert(value.tensors[i].unsafeGetTensorImpl());
      if (is_written && tracker_.belongs_to_model(initial))
        throw RegionRefused{"a loop writes to a parameter, buffer or constant of the model", way_out::clone, origin()};
      if (initial.has_storage()) shared = !memories.insert(initial.storage().unsafeGetStorageImpl()).second || shared;
    }
  if (any_written && shared)
    throw RegionRefused{"a loop writes to a tensor that shares its memory with another that it carries",
                        way_out::carry_clone, origin()};
}

void Interpreter::check_outputs(const Carried& carried, const TracedRegion& body, const TensorTracker::State& before) {
  bool any_written = false;
  for (const Carried::Value& value : carried.values)
    for (const at::Tensor& tensor : value.tensors)
      any_written = any_written || (tensor.defined() && written_formals_.count(tensor.unsafeGetTensorImpl()) != 0);
  std::set<const void*> memories;
  for (size_t i = 0; i < carried.values.size(); ++i) {
    const Flat& in = carried.values[i].flat;
    const Flat& out = body.outputs[i + 1];
    if (carried.values[i].stays || in.structure == "?") continue;
    if (out.unknown) throw TraceStopped{};
    if (in.structure != out.structure)
      throw RegionRefused{
          "what a loop carries changes its kind, or a container its length, from iteration to iteration",
          way_out::greatest_size, origin()};
    for (size_t leaf = 0; leaf < in.leaves.size(); ++leaf) {
      if (!in.leaves[leaf].value.isTensor()) continue;
      const at::Tensor &first = in.leaves[leaf].value.toTensor(), &next = out.leaves[leaf].value.toTensor();
      if (!same_type(first, next))
        throw RegionRefused{"what a loop carries changes its shape or type from iteration to iteration, from " +
                                shape_text(first) + " to " + shape_text(next),
                            way_out::greatest_size, origin()};
      const bool is_new = next.has_storage() && memories.insert(next.storage().unsafeGetStorageImpl()).second;
      if (any_written && (!is_new || tracker_.shares_storage_of(before, next)))
        throw RegionRefused{"a loop writes to a tensor that shares its memory with another that it carries",
                            way_out::carry_clone, origin()};
    }
  }
}

bool Interpreter::run_loop_on_data(Node* node, const Slot& count, const Slot& condition) {
  const bool is_known = !count.number && !condition.number;
  const size_t diagnostics = trace_.diagnostic_count();
  const TensorTracker::State before = tracker_.copy();
  const jit::Block* body = node->blocks()[0];
  bool in_body = false;
  try {
    Carried carried;
    for (size_t i = 2; i < node->inputs().size(); ++i) {
      Carried::Value value;
      value.initial = slot(node->inputs()[i]);
      value.stays = body->outputs()[i - 1] == body->inputs()[i - 1];
      if (!value.stays) value.flat = flat(value.initial);
      if (!value.stays) share(value.initial.value);  // it may not run once
      carried.values.push_back(std::move(value));
    }
    // The first time tells what the body writes to, and of what kind is what begins uninitialised.
    TracedRegion traced;
    for (bool is_complete = false; !is_complete;) {
      tracker_.begin_journal();
      in_body = true;
      traced = trace_body(node, carried, before);
      tracker_.go_back(before);
      in_body = false;
      node_ = node;
      if (traced.threw && is_known) throw RegionRefused{traced.threw->what, "", origin()};
      if (traced.threw)
        throw RegionRefused{"a loop can't be followed on the example's data: " + traced.threw->what,
                            way_out::decide_outside, traced.threw->origin};
      is_complete = learn(carried, traced);
    }
    if (traced.outputs.front().unknown) throw TraceStopped{};
    check_outputs(carried, traced, before);
    if (is_known && trace_.diagnostic_count() > diagnostics) throw RegionRefused{"", "", origin()};
    emit_loop(node, count, condition, before, carried, std::move(traced));
  } catch (const RegionRefused& refused) {
    if (in_body) tracker_.go_back(before);
    node_ = node;
    if (is_known)
      trace_.forget_diagnostics(diagnostics);  // it will be unrolled
    else
      refuse_region(refused);
    return false;
  }
  return true;
}

/// What the body has shown; false where it is to be traced again with that.
bool Interpreter::learn(Carried& carried, const TracedRegion& body) {
  bool is_complete = true;
  for (size_t i = 0; i < carried.values.size(); ++i) {
    Carried::Value& value = carried.values[i];
    const Flat& out = body.outputs[i + 1];
    if (value.stays || value.flat.structure != "?" || out.structure == "?" || out.unknown) continue;
    value.flat = out;
    for (Leaf& leaf : value.flat.leaves) {
      leaf.value = zero_like(leaf.value);
      leaf.id.reset();
      if (leaf.value.isTensor()) leaf.id = trace_.add_constant(leaf.value.toTensor(), Dependence::constant);
      leaf.copy = leaf.value.isTensor() ? leaf.value.toTensor() : at::Tensor();
    }
    is_complete = false;
  }
  for (const auto& each : body.written) {
    const auto same = [&](const at::Tensor& known) { return known.is_same(each.tensor); };
    if (std::any_of(carried.written.begin(), carried.written.end(), same)) continue;
    carried.written.push_back(each.tensor);
    is_complete = false;
  }
  return is_complete;
}

void Interpreter::emit_loop(Node* node, const Slot& count, const Slot& condition, const TensorTracker::State& before,
                            const Carried& carried, TracedRegion traced) {
  trace::Node made;
  made.op = "prim::Loop";
  std::vector<trace::Value> inputs;
  std::vector<TensorId>& outputs = traced.region.outputs;
  const Leaf& goes_on = traced.outputs.front().leaves.at(0);
  outputs.push_back(number_tensor(goes_on.value, goes_on.id));
  std::vector<Slot> results;
  for (size_t i = 0; i < carried.values.size(); ++i) {
    const Carried::Value& value = carried.values[i];
    const Flat& out = traced.outputs[i + 1];
    if (value.stays || value.flat.structure == "?" || out.unknown) {
      results.push_back(value.initial);
      continue;
    }
    std::vector<Slot> leaves;
    for (size_t leaf = 0; leaf < out.leaves.size(); ++leaf) {
      const Leaf &first = value.flat.leaves[leaf], &last = out.leaves[leaf];
      inputs.push_back({first.value.isTensor() ? *first.id : number_tensor(first.value, first.id)});
      outputs.push_back(last.value.isTensor() ? *last.id : number_tensor(last.value, last.id));
      const TensorId id = trace_.add_tensor(Tensor(trace_[value.formals[leaf]]));
      made.results.push_back({id});
      if (!last.value.isTensor()) {
        leaves.push_back(number_slot(last.value, id));
        continue;
      }
      if (written_formals_.count(value.tensors[leaf].unsafeGetTensorImpl()) != 0 &&
          tracker_.knows(first.value.toTensor()))
        tracker_.lose(first.value.toTensor());
      leaves.push_back(result_tensor(before, last.copy, id, {first.value.toTensor(), last.value.toTensor()}));
    }
    size_t next = 0;
    results.push_back(is_number(out.slot.value) ? leaves.front() : rebuilt(out.slot.value, leaves, true, next));
  }
  std::vector<std::pair<const Written*, TensorId>> written;
  for (const at::Tensor& tensor : carried.written) {
    const auto found = std::find_if(traced.written.begin(), traced.written.end(),
                                    [&](const Written& each) { return each.tensor.is_same(tensor); });
    check(found != traced.written.end(), "what a loop writes to is written to each time it is traced");
    inputs.push_back({tracker_.id(tensor)});
    outputs.push_back(found->id);
    written.emplace_back(&*found, trace_.add_tensor(tensor));
    made.results.push_back({written.back().second});
  }
  made.arguments = {
      {"count", count.number ? trace::Value{*count.number} : trace::Value{count.value.toInt()}},
      {"condition", condition.number ? trace::Value{*condition.number} : trace::Value{condition.value.toBool()}},
      {"inputs", {std::move(inputs)}}};
  made.regions.push_back(std::move(traced.region));
  made.origin = trace_.add_origin(origin());
  if (!made.results.empty()) trace_.add_node(std::move(made));
  for (const auto& [each, id] : written) write_result(each->tensor, each->value, id);
  set_results(node, std::move(results));
}

}  // namespace passerelle::torchscript
