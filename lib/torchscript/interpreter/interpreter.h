// Walks a module's graphs and runs each operator on real tensors: functions are entered, branches and loops followed.
// What is left, the operators whose results depend on the inputs' data, goes into the trace.
//
// interpreter.cpp holds calls and blocks, control_flow.cpp If, Loop and the like where it is known what they do,
// regions.cpp where only the data tells, numbers.cpp Python numbers that are computed from the data, containers.cpp
// lists, tuples, dicts and objects, operators.cpp the operators proper, in_place.cpp those that write to their
// arguments; dependence.cpp says what depends on the inputs, to_value.cpp makes the trace's values.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "failures.h"
#include "passerelle/torchscript/model.h"
#include "running/arguments.h"
#include "tensor_tracker.h"
#include "trace_builder.h"

namespace passerelle::torchscript {

/// A value of the graph. Tensors carry their dependence in the tracker, containers in Interpreter::containers_;
/// `dependence` is that of anything else.
struct Slot {
  c10::IValue value;
  Dependence dependence = Dependence::constant;
  bool unknown = false;              ///< made by an operator that could not be run; so is whatever is computed from it
  std::optional<TensorId> number{};  ///< of a Python number that depends on data: the tensor of rank 0 that holds it
  bool uninitialized = false;        ///< it stands where nobody reads it
};

/// Of tensors that depend on the inputs' data.
enum class Values {
  shapes_alone,  ///< zeros will do where computing takes long: uncomputed_results.h
  computed
};

class Interpreter {
 public:
  Interpreter(const torch::jit::Module& module, const Budget& budget, Values values);
  Interpreter(const Interpreter&) = delete;

  /// Runs forward and writes inputs, nodes and outputs. Throws ModelThrew.
  void run(const Arguments& arguments);
  /// What a method that takes nothing but the model returns; None where it can't be run. Throws ModelThrew.
  c10::IValue call_without_arguments(const std::string& method);
  Trace finish() { return trace_.finish(); }
  /// What forward returned: Trace::outputs are its tensors and numbers. None where tracing could not go on to it.
  const c10::IValue& result() const { return result_; }

 private:
  /// A function that is being run.
  struct Frame {
    const Frame* caller = nullptr;
    const torch::jit::Node* call = nullptr;
    std::string module_path;
    size_t depth = 0;
    std::unordered_map<const torch::jit::Value*, Slot> values;
  };
  using Node = torch::jit::Node;
  using Handler = void (Interpreter::*)(Node*);
  static const std::unordered_map<c10::Symbol, Handler>& handlers();

  // interpreter.cpp
  std::vector<Slot> call(torch::jit::Function& function, std::vector<Slot> arguments, const std::string& module_path);
  std::vector<Slot> call_graph(const torch::jit::Graph& graph, std::vector<Slot> arguments,
                               const std::string& module_path);
  void run_block(const torch::jit::Block* block);
  void run_node(Node* node);
  /// Towards the budget of nodes; throws TraceStopped where that is used up.
  void spend(uint64_t steps);
  void spend_on_elements(uint64_t elements);
  void spend_on_making(const c10::IValue& value);
  [[noreturn]] void stop_beyond(uint64_t most, const char* of_what);
  Slot& slot(const torch::jit::Value* value);
  std::vector<Slot> inputs_of(Node* node);
  void set(const torch::jit::Value* value, Slot slot) { frame_->values[value] = std::move(slot); }
  void set_results(Node* node, std::vector<Slot> results);
  void set_unknown(Node* node);
  const std::vector<const torch::jit::Value*>& last_reads(const Node* node);
  void add_outputs(const Slot& result);
  void remember_objects(const c10::IValue& value, const std::string& path);

  // dependence.cpp
  Dependence dependence(const Slot& slot);
  Dependence dependence(const c10::IValue& value, Dependence otherwise);
  /// Of numbers and strings alone: tensors in containers don't count.
  Dependence scalar_dependence(const c10::IValue& value, Dependence otherwise) const;
  void set_container_dependence(const c10::IValue& value, Dependence dependence);
  /// Everything that walks through containers relies on it; called whenever one was made or changed.
  void check_nesting(const c10::IValue& value);
  void register_model_value(const c10::IValue& value);

  // control_flow.cpp
  void run_if(Node* node);
  void run_loop(Node* node);
  void run_call_method(Node* node);
  void run_call_function(Node* node);
  void run_fork(Node* node);
  void run_raise(Node* node);
  void run_enter(Node* node);
  void run_exit(Node* node);
  void follow_condition(Node* node, const Slot& condition, const char* what);
  void run_branch(Node* node, size_t branch);
  std::vector<Slot> outputs_of(const torch::jit::Block* block);

  // regions.cpp
  struct Flat;
  struct Written;
  struct TracedRegion;
  struct Carried;
  struct Leaf;
  Flat flat(const Slot& slot);
  void flatten(const c10::IValue& value, Flat& result);
  Slot rebuilt(const c10::IValue& like, const std::vector<Slot>& leaves, bool shares, size_t& next);
  TracedRegion trace_region(const TensorTracker::State& before, const std::function<std::vector<Slot>()>& run);
  void refuse_region(const RegionRefused& refused);
  bool is_made_here(const c10::IValue& container) const;
  void share(const c10::IValue& value);
  void require_made_here(const c10::IValue& container, const char* what);
  void write_result(const at::Tensor& tensor, const at::Tensor& value, TensorId id);
  Slot result_tensor(const TensorTracker::State& before, const at::Tensor& value, TensorId id,
                     const std::vector<at::Tensor>& may_be);
  TensorId zero_tensor(const c10::IValue& like);
  bool run_if_on_data(Node* node, const Slot& condition);
  bool run_without(Node* node, size_t branch, bool is_taken, const ModelThrew& threw);
  void join_branches(Node* node, const Slot& condition, const TensorTracker::State& before,
                     std::array<TracedRegion, 2>& branches, size_t taken);
  bool is_cheap(const trace::Node& node) const;
  void emit_choice(trace::Node& node);
  Slot merged(const TensorTracker::State& before, std::array<const Flat*, 2> flats, size_t taken, trace::Node& made);
  Slot merged_leaf(const TensorTracker::State& before, const Leaf& mine, const Leaf* theirs, size_t taken,
                   trace::Node& made);
  bool fits_while(Node* node, const Slot& count, const Slot& condition);
  bool ends_on_data(Node* node);
  bool run_loop_on_data(Node* node, const Slot& count, const Slot& condition);
  TracedRegion trace_body(Node* node, Carried& carried, const TensorTracker::State& before);
  void check_carried(const Carried& carried);
  void check_outputs(const Carried& carried, const TracedRegion& body, const TensorTracker::State& before);
  bool learn(Carried& carried, const TracedRegion& body);
  void emit_loop(Node* node, const Slot& count, const Slot& condition, const TensorTracker::State& before,
                 const Carried& carried, TracedRegion traced);

  struct Call;

  // numbers.cpp
  TensorId number_tensor(const c10::IValue& value, std::optional<TensorId> number);
  Slot number_slot(c10::IValue value, TensorId id) { return {std::move(value), Dependence::data, false, id}; }
  TensorId as_number_type(TensorId id, graph::ElementType type);
  TensorId emit_on_numbers(const char* op, const char* overload, std::vector<std::pair<std::string, Value>> arguments,
                           graph::ElementType type);
  std::optional<TensorId> number_result(const Call& call);
  std::optional<TensorId> number_of_tensor(const Call& call);
  bool run_with_number(Call& call);
  void select_at_number(Call& call);
  void tensor_of_number(Call& call, size_t number);
  bool takes_numbers_as_tensors(Call& call);

  // containers.cpp
  void run_constant(Node* node);
  void run_list_construct(Node* node);
  void run_tuple_construct(Node* node);
  void run_dict_construct(Node* node);
  void run_list_unpack(Node* node);
  void run_tuple_unpack(Node* node);
  void run_tuple_slice(Node* node);
  void run_create_object(Node* node);
  void run_get_attribute(Node* node);
  void run_set_attribute(Node* node);
  void run_isinstance(Node* node);
  void run_pass_through(Node* node);
  void run_uninitialized(Node* node);

  // operators.cpp
  void run_operator(Node* node);
  void execute(Call& call);
  void invoke(Call& call);
  void check_result(const Call& call, const c10::IValue& result);
  void name_arguments(Call& call);
  void check_determinism(Call& call);
  void report_data_dependent_numbers(Call& call);
  void protect_model_tensors(Call& call);
  std::optional<TensorId> kept_value(const Call& call, const at::Tensor& result);
  std::optional<TensorId> result_value(const Call& call, const at::Tensor& result);
  void track_result(const Call& call, const at::Tensor& result, std::optional<TensorId> id);
  void emit_results(Call& call);
  void set_call_results(Node* node, Call& call);

  // to_value.cpp
  Value to_value(const c10::IValue& value);
  Value packed_parameters(const c10::IValue& value);

  // in_place.cpp
  void run_in_place(Call& call);
  void change_shape_in_place(Call& call, const at::Tensor& changed);
  std::optional<at::ScalarType> promoted_type(const Call& call, const at::Tensor& written);
  std::optional<TensorId> emit_functional(Call& call, const at::Tensor& written, size_t index,
                                          std::optional<at::ScalarType> promoted);
  TensorId emit_copy(Call& call, const at::Tensor& written);
  TensorId emit_node(trace::Node node, Tensor result);

  graph::Origin origin() const;
  [[noreturn]] void fail(std::string what) const;  ///< throws ModelThrew
  void diagnose(graph::Reason reason, std::string message, std::string suggestion = {});

  const torch::jit::Module& module_;
  Budget budget_;
  Values values_;
  uint64_t steps_ = 0;     ///< nodes run, iterations, and elements of containers by the hundred
  uint64_t elements_ = 0;  ///< of containers and strings that were looked at or made
  uint64_t made_ = 0;      ///< elements of containers and strings
  TraceBuilder trace_;
  TensorTracker tracker_;
  c10::IValue result_;
  Frame* frame_ = nullptr;
  const Node* node_ = nullptr;                                 ///< that runs
  int open_regions_ = 0;                                       ///< of the trace
  std::set<const void*> made_in_region_;                       ///< containers, in the innermost one
  std::map<const void*, c10::IValue> shared_;                  ///< lists that may or may not be the same as others
  std::set<TensorId> counters_;                                ///< of loops: they count from 0
  std::set<const at::TensorImpl*> written_formals_;            ///< carried tensors that the last body has written to
  std::unordered_map<const void*, std::string> module_paths_;  ///< of the model's objects
  std::unordered_map<const void*, Dependence> containers_;
  std::unordered_map<const void*, c10::IValue>
      model_containers_;                                       ///< copies of the model's lists and dicts, by address
  std::map<std::pair<const void*, size_t>, Slot> attributes_;  ///< of the model's objects, where read or set
  std::unordered_map<const Node*, std::vector<const torch::jit::Value*>> last_reads_;
  std::unordered_map<const torch::jit::Graph*, bool> analysed_;
  std::set<std::pair<const void*, size_t>> read_attributes_;  ///< that held what the model came with
  std::unordered_map<const void*, Value> packed_;
};

inline Dependence join(Dependence a, Dependence b) { return a < b ? b : a; }

}  // namespace passerelle::torchscript
