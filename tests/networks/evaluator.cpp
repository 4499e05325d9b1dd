#include "evaluator.h"

#include <torch/jit.h>
#include <torch/script.h>

#include <cmath>
#include <map>
#include <random>

#include "../lowering/module.h"

namespace passerelle::tests {
namespace {

constexpr size_t copies = 4;                 // of each value; the first one is without errors
constexpr double error_of_statement = 5e-7;  // of the range of its result
constexpr double error_of_value = network_tolerance / 4;
constexpr double largest_magnitude = 100;
constexpr double largest_integer = 2000;
constexpr int64_t most_elements = 6000;

using Copies = std::vector<at::Tensor>;

at::ScalarType scalar_type(ElementType type) {
  switch (type) {
    case ElementType::int32: return at::kInt;
    case ElementType::int64: return at::kLong;
    case ElementType::bool8: return at::kBool;
    default: return at::kFloat;
  }
}

bool element_type(at::ScalarType from, ElementType& to) {
  switch (from) {
    case at::kFloat: to = ElementType::float32; return true;
    case at::kInt: to = ElementType::int32; return true;
    case at::kLong: to = ElementType::int64; return true;
    case at::kBool: to = ElementType::bool8; return true;
    default: return false;
  }
}

double range_of(const at::Tensor& value) {
  const double low = value.min().item<double>(), high = value.max().item<double>();
  return high > low ? high - low : std::abs(high);
}

/// The greatest difference of a copy with errors from the one without.
double deviation(const Copies& value) {
  double greatest = 0;
  for (size_t i = 1; i < value.size(); ++i)
    greatest = std::max(greatest, (value[i] - value[0]).abs().max().item<double>());
  return greatest;
}

bool all_equal(const Copies& value) {
  for (const at::Tensor& copy : value)
    if (!at::equal(copy, value[0])) return false;
  return true;
}

std::string unfit_float(const Copies& value) {
  for (const at::Tensor& copy : value)
    if (!at::isfinite(copy).all().item<bool>()) return "not finite";
  const double range = range_of(value[0]);
  if (value[0].abs().max().item<double>() > largest_magnitude) return "large";
  if (value[0].numel() > 1 && value[0].max().item<double>() == value[0].min().item<double>()) return "constant";
  // Less of a range than that, and a rounding of the numbers themselves would be seen in it.
  constexpr double least_range = 1e-3, least_share = 0.02;
  if (range < least_range || range < least_share * value[0].abs().max().item<double>()) return "small range";
  return deviation(value) > error_of_value * range ? "ill-conditioned" : "";
}

std::string unfit(const Copies& value, ElementType type) {
  const at::Tensor& exact = value[0];
  if (exact.dim() > 4) return "rank";
  if (exact.numel() == 0) return "empty";
  if (exact.numel() > most_elements) return "many elements";
  for (const at::Tensor& copy : value)
    if (copy.sizes() != exact.sizes()) return "shape depends on data";
  if (type == ElementType::float32) return unfit_float(value);
  if (!all_equal(value)) return "near a tie";
  if (type != ElementType::bool8 && exact.abs().max().item<double>() > largest_integer) return "large";
  return {};
}

bool has_equal_elements(const at::Tensor& value) {
  const at::Tensor sorted = std::get<0>(value.flatten().sort());
  const int64_t count = sorted.numel();
  return count > 1 && sorted.slice(0, 1).eq(sorted.slice(0, 0, count - 1)).any().item<bool>();
}

}  // namespace

struct Evaluator::State {
  std::map<std::string, Copies> values;
  std::mt19937 random{20240301};

  void add_errors(Copies& value) {
    const double error = error_of_statement * range_of(value[0]);
    for (size_t i = 1; i < value.size(); ++i) {
      value[i] = value[i].clone(at::MemoryFormat::Contiguous);
      float* elements = value[i].data_ptr<float>();
      for (int64_t k = 0; k < value[i].numel(); ++k) elements[k] += static_cast<float>(random() % 2 ? error : -error);
    }
  }

  /// All results of one copy.
  std::vector<at::Tensor> run(torch::jit::Function& function, const std::vector<Copies>& arguments, size_t copy) {
    std::vector<c10::IValue> stack;
    for (const Copies& argument : arguments) stack.emplace_back(argument[copy].clone());
    const c10::IValue result = function(std::move(stack));
    if (result.isTensor()) return {result.toTensor()};
    std::vector<at::Tensor> results;
    for (const c10::IValue& element : result.toTupleRef().elements()) results.push_back(element.toTensor());
    return results;
  }
};

Evaluator::Evaluator() : state_(std::make_unique<State>()) {}
Evaluator::~Evaluator() = default;

void Evaluator::define(const Tensor& tensor) {
  graph::HostTensor values = values_of(tensor);
  const at::Tensor view = at::from_blob(values.bytes.data(), tensor.shape, scalar_type(tensor.type));
  state_->values[tensor.name] = Copies(copies, view.clone());
}

std::string Evaluator::run(Statement& statement) {
  const torch::NoGradGuard no_gradients;
  std::string parameters, results;
  std::vector<Copies> arguments;
  for (const std::string& name : names_in(statement.source)) {
    const auto known = state_->values.find(name);
    if (known == state_->values.end()) continue;
    parameters += (parameters.empty() ? "" : ", ") + name;
    arguments.push_back(known->second);
    if (statement.rounding == Rounding::picks_ties && arguments.back()[0].is_floating_point()) {
      if (has_equal_elements(arguments.back()[0])) return "near a tie";
      state_->add_errors(arguments.back());
    }
  }
  for (const Tensor& result : statement.results) results += (results.empty() ? "" : ", ") + result.name;
  std::string source = "def statement(" + parameters + "):\n  ";
  for (char c : statement.source) source += c == '\n' ? std::string("\n  ") : std::string(1, c);
  source += "\n  return " + results + "\n";

  std::vector<Copies> values(statement.results.size());
  try {
    const auto compiled = torch::jit::compile(source);
    torch::jit::Function& function = compiled->get_function(c10::QualifiedName("statement"));
    for (size_t copy = 0; copy < copies; ++copy) {
      std::vector<at::Tensor> made = state_->run(function, arguments, copy);
      for (size_t i = 0; i < made.size(); ++i) values[i].push_back(std::move(made[i]));
    }
  } catch (const std::exception& error) {
    return std::string("LibTorch refuses it: ") + error.what();
  }

  for (size_t i = 0; i < values.size(); ++i) {
    Tensor& result = statement.results[i];
    if (!element_type(values[i][0].scalar_type(), result.type)) return "element type";
    if (values[i][0].dim() > 4 || values[i][0].numel() == 0) return "shape";
    if (statement.rounding == Rounding::adds && result.type == ElementType::float32) state_->add_errors(values[i]);
    std::string why = unfit(values[i], result.type);
    if (!why.empty()) return why;
    const at::Tensor& exact = values[i][0];
    result.shape.assign(exact.sizes().begin(), exact.sizes().end());
    result.low = exact.min().item<double>();
    result.high = exact.max().item<double>();
  }
  for (size_t i = 0; i < values.size(); ++i) state_->values[statement.results[i].name] = std::move(values[i]);
  return {};
}

std::optional<size_t> unsound_statement(Network& network) {
  Evaluator evaluator;
  for (const Tensor& tensor : network.inputs) evaluator.define(tensor);
  for (const Tensor& tensor : network.attributes) evaluator.define(tensor);
  for (size_t i = 0; i < network.statements.size(); ++i)
    if (!evaluator.run(network.statements[i]).empty()) return i;
  return std::nullopt;
}

}  // namespace passerelle::tests
