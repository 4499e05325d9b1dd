// Which dtype comes out of two operands: of every pair of dtypes, of rank 0 and more, of tensors and numbers, in every
// binary operator, as a traced model writes it and as a scripted one. LibTorch's own execution of the archive is right.
#include <torch/csrc/jit/ir/ir.h>
#include <torch/script.h>

#include <filesystem>

#include "catch.h"
#include "models.h"
#include "passerelle/torchscript/replay.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript::testing {
namespace {

namespace jit = torch::jit;
using c10::IValue;

constexpr at::ScalarType dtypes[] = {at::kBool, at::kByte, at::kChar,  at::kShort, at::kInt,
                                     at::kLong, at::kHalf, at::kFloat, at::kDouble};

struct Operator {
  std::string name;
  std::vector<std::pair<std::string, IValue>> keywords{};
};

const std::vector<Operator> operators_of_two{
    {"add"},
    {"add", {{"alpha", 2}}},
    {"sub"},
    {"mul"},
    {"div"},
    {"div", {{"rounding_mode", "floor"}}},
    {"div", {{"rounding_mode", "trunc"}}},
    {"true_divide"},
    {"multiply"},
    {"subtract"},
    {"divide"},
    {"floor_divide"},
    {"rsub"},
    {"remainder"},
    {"fmod"},
    {"pow"},
    {"float_power"},
    {"atan2"},
    {"hypot"},
    {"copysign"},
    {"maximum"},
    {"minimum"},
    {"fmax"},
    {"fmin"},
    {"max"},
    {"eq"},
    {"ne"},
    {"lt"},
    {"le"},
    {"gt"},
    {"ge"},
    {"logical_and"},
    {"logical_or"},
    {"logical_xor"},
    {"bitwise_and"},
    {"bitwise_or"},
    {"bitwise_xor"},
    {"__and__"},
    {"__or__"},
    {"__xor__"},
    {"bitwise_left_shift"},
    {"bitwise_right_shift"},
    {"xlogy"},
    {"ldexp"},
    {"logaddexp"},
    {"heaviside"},
};

const std::vector<Operator> operators_in_place{
    {"add_"},       {"sub_"},  {"mul_"},       {"div_"},          {"div_", {{"rounding_mode", "floor"}}},
    {"remainder_"}, {"fmod_"}, {"pow_"},       {"floor_divide_"}, {"true_divide_"},
    {"atan2_"},     {"eq_"},   {"logical_or_"}};

/// A module that applies one operator to many pairs, of which it keeps those that LibTorch computes.
class Pairs {
 public:
  explicit Pairs(Operator op) : op_(std::move(op)), module_("Pairs"), graph_(std::make_shared<jit::Graph>()) {
    graph_->addInput("self")->setType(module_.type());
    for (at::ScalarType dtype : dtypes)
      for (int rank : {0, 1}) {
        const at::Tensor values = rank == 0 ? at::scalar_tensor(3, at::kDouble) : at::arange(1, 4, at::kDouble);
        add_input(values.to(dtype == at::kBool ? at::kBool : dtype));
      }
  }

  void of_tensors() {
    for (jit::Value* a : inputs_)
      for (jit::Value* b : inputs_) apply(a, b);
  }
  /// As PyTorch's tracer writes a number: a constant tensor; of other dtypes where a frozen model had a buffer, but
  /// for bool, on which LibTorch's executor trips.
  void with_constants() {
    for (at::ScalarType dtype : dtypes)
      if (dtype != at::kBool) with(at::scalar_tensor(2.5, at::kDouble).to(dtype));
  }
  void with_numbers() {
    for (const IValue& number : {IValue(2), IValue(2.5)}) with(number);
  }
  void in_place() {
    for (jit::Value* a : inputs_)
      for (jit::Value* b : inputs_) apply(copy_of(a), b);
  }
  void in_place_with(const IValue& other) {
    for (jit::Value* a : inputs_) apply(copy_of(a), graph_->insertConstant(other));
  }

  void require_as_libtorch_executes() {
    INFO(op_.name << " of " << outputs_.size() << " pairs");
    if (outputs_.empty()) return;
    const std::string path = save();
    std::vector<at::Tensor> expected = jit::load(path).forward(values_in_order()).toTensorVector();
    Expected<Model> model = Model::load(path);
    std::filesystem::remove(path);
    if (!model) FAIL(model.error().message);
    check_run(*model, expected);
    check_trace(*model, expected);
  }
  size_t size() const { return outputs_.size(); }

 private:
  void add_input(const at::Tensor& values) {
    inputs_.push_back(graph_->addInput()->setType(c10::TensorType::get()));
    examples_[inputs_.back()] = values;
  }

  jit::Value* copy_of(jit::Value* value) {
    jit::Value* copy = graph_->insert(c10::aten::clone, {value});
    examples_[copy] = examples_.at(value).toTensor();
    return copy;
  }

  void with(const IValue& constant) {
    for (jit::Value* input : inputs_) {
      apply(input, graph_->insertConstant(constant));
      apply(graph_->insertConstant(constant), input);
    }
  }

  IValue example(const jit::Value* value) const {
    const auto found = examples_.find(value);
    if (found == examples_.end()) return *jit::toIValue(value);
    return found->second.toTensor().clone();
  }

  /// LibTorch's refusals cost a millisecond each: these are not even tried.
  bool is_surely_refused(const at::Tensor& a, const at::Tensor& b) const {
    const at::ScalarType result = at::result_type(a, b);
    const bool on_bits = op_.name.find("bitwise") == 0 || op_.name.find("__") == 0;
    if (on_bits && !c10::isIntegralType(result, true)) return true;
    if (op_.name.back() != '_' || on_bits) return false;
    return a.dim() < b.dim() || !c10::canCast(result, a.scalar_type());
  }

  void apply(jit::Value* a, jit::Value* b) {
    const IValue left = example(a), right = example(b);
    if (left.isTensor() && right.isTensor() && is_surely_refused(left.toTensor(), right.toTensor())) return;
    std::vector<jit::NamedValue> keywords;
    for (const auto& [name, value] : op_.keywords) keywords.emplace_back(name, graph_->insertConstant(value));
    jit::Value* result = nullptr;
    try {
      result = graph_->insert(c10::Symbol::aten(op_.name), {a, b}, keywords);
      std::vector<IValue> stack;
      for (const jit::Value* input : result->node()->inputs()) stack.push_back(example(input));
      result->node()->getOperation()(stack);
    } catch (const std::exception&) {  // not for these
      if (result != nullptr) result->node()->destroy();
      return;
    }
    outputs_.push_back(result);
    const auto text = [&](const jit::Value* value) {
      const IValue of = example(value);
      if (!of.isTensor()) return std::string(of.isInt() ? "2" : "2.5");
      return std::string(examples_.count(value) != 0 ? "" : "constant ") + type_and_shape(of.toTensor());
    };
    names_.push_back(op_.name + " of " + text(a) + " and " + text(b));
  }

  std::string save() {
    jit::Node* list = graph_->insertNode(graph_->createList(c10::TensorType::get(), outputs_));
    graph_->registerOutput(list->output());
    const auto unit = module_._ivalue()->compilation_unit();
    module_.type()->addMethod(unit->create_function(c10::QualifiedName(*module_.type()->name(), "forward"), graph_));
    const std::string path = temporary_file("pairs.pt");
    module_.save(path);
    return path;
  }

  std::vector<IValue> values_in_order() const {
    std::vector<IValue> values;
    for (const jit::Value* input : inputs_) values.push_back(example(input));
    return values;
  }

  std::vector<InputSpec> specs() const {
    std::vector<InputSpec> specs;
    for (const jit::Value* input : inputs_) {
      InputSpec spec;
      spec.values = host_tensor(examples_.at(input).toTensor());
      specs.push_back(std::move(spec));
    }
    return specs;
  }

  void check_same(const graph::HostTensor& actual, const at::Tensor& expected) const {
    CHECK(graph::name(actual.type) == std::string(graph::name(element_type(expected.scalar_type()))));
    CHECK(actual.bytes == host_tensor(expected).bytes);
  }

  void check_run(const Model& model, const std::vector<at::Tensor>& expected) const {
    const auto inputs = model.example_inputs(specs());
    const auto results = inputs ? model.run(specs(), *inputs) : inputs.error();
    if (!results) FAIL(results.error().message);
    REQUIRE(results->size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      INFO("run: " << names_[i]);
      check_same((*results)[i], expected[i]);
    }
  }

  void check_trace(const Model& model, const std::vector<at::Tensor>& expected) const {
    const auto inputs = model.example_inputs(specs());
    const Trace trace = any_trace(model, specs());
    const auto results = replay(trace, *inputs);
    if (!results) FAIL(results.error().message);
    REQUIRE(trace.diagnostics.empty());
    REQUIRE(results->size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      INFO("trace: " << names_[i]);
      CHECK(trace[trace.outputs[i].tensor].type == element_type(expected[i].scalar_type()));
      check_same((*results)[i], expected[i]);
    }
  }

  Operator op_;
  jit::Module module_;
  std::shared_ptr<jit::Graph> graph_;
  std::vector<jit::Value*> inputs_, outputs_;
  std::unordered_map<const jit::Value*, IValue> examples_;
  std::vector<std::string> names_;
};

/// Runs `make` on each operator; at least `least` pairs must have been possible, or nothing was tested.
template <typename Make>
void require_all(const std::vector<Operator>& operators, size_t least, const Make& make) {
  size_t tested = 0;
  for (const Operator& op : operators) {
    Pairs pairs(op);
    make(pairs);
    pairs.require_as_libtorch_executes();
    tested += pairs.size();
  }
  CHECK(tested >= least);
}

}  // namespace

TEST_CASE("two tensors promote as LibTorch promotes them") {
  require_all(operators_of_two, 8000, [](Pairs& pairs) { pairs.of_tensors(); });
}

TEST_CASE("a tensor and a number of a trace promote as in LibTorch's execution of the archive") {
  require_all(operators_of_two, 8000, [](Pairs& pairs) { pairs.with_constants(); });
}

TEST_CASE("a tensor and a number of a script promote as LibTorch promotes them") {
  require_all(operators_of_two, 1000, [](Pairs& pairs) { pairs.with_numbers(); });
}

TEST_CASE("what is written to a tensor gets its dtype, computed as LibTorch computes it") {
  require_all(operators_in_place, 1000, [](Pairs& pairs) { pairs.in_place(); });
  for (const IValue& number : {IValue(2), IValue(2.5), IValue(at::scalar_tensor(2.5, at::kDouble))})
    require_all(operators_in_place, 50, [&](Pairs& pairs) { pairs.in_place_with(number); });
}

}  // namespace passerelle::torchscript::testing
