// Losses: models that return one beside their answer are converted whole.
#include <numeric>
#include <string_view>
#include <vector>

#include "conversion.h"
#include "families.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// Classes are dimension 1 of scores [N, C, ...], or dimension 0 of [C].
uint32_t class_dimension(Value scores) { return scores.rank() > 1 ? 1 : 0; }

/// One number a class, in the shape that broadcasts along the classes.
Value by_class(Context& c, Value scores, std::vector<float> numbers) {
  Shape column(scores.rank(), 1);
  column[class_dimension(scores)] = static_cast<uint32_t>(numbers.size());
  return c.constant_operand(Constant::from(std::move(numbers), column));
}

Value sum_of_classes(Value x) { return reduce(Op::REDUCE_SUM, x, {class_dimension(x)}, true); }

Value sum_of_all(Value x) {
  std::vector<uint32_t> all(x.rank());
  std::iota(all.begin(), all.end(), 0u);
  return reduce(Op::REDUCE_SUM, x, all, false);
}

/// "weight", or ones.
std::vector<float> class_weights(Context& c, uint32_t classes) {
  return c.is_none("weight") ? std::vector<float>(classes, 1) : c.required_constant("weight").floats();
}

/// With 0 for the class that is to be ignored.
std::vector<float> without_ignored(Context& c, std::vector<float> weights) {
  const int64_t ignored = c.integer("ignore_index");
  if (ignored >= 0 && ignored < static_cast<int64_t>(weights.size())) weights[static_cast<size_t>(ignored)] = 0;
  return weights;
}

/// 1 where the class is the target's. A number of no class, as ignored ones are, gives zeros.
Value one_hot(Context& c, Value scores) {
  const uint32_t dimension = class_dimension(scores);
  std::vector<int32_t> numbers(scores.size(dimension));
  std::iota(numbers.begin(), numbers.end(), 0);
  Shape column(scores.rank(), 1), places = scores.shape();
  column[dimension] = places[dimension];
  places[dimension] = 1;
  const Value targets = reshaped(c, c.tensor("target"), places);
  const Value classes = c.constant_operand(Constant::from(std::move(numbers), column));
  return cast(c, equal(targets, classes), OperandType::TENSOR_FLOAT32);
}

/// `of_each` has classes kept as 1; `divisor` is the mean's.
void give_loss(Context& c, Value of_each, graph::Term divisor) {
  enum : int64_t { none, mean };
  const int64_t reduction = c.integer("reduction");
  if (reduction == none) return c.result(0, reshape(of_each, c.result_type().shape));
  const Value total = sum_of_all(of_each);
  c.result(0, reduction == mean ? total / divisor : total);
}

/// Of class numbers: -weight * log probability of the target, with a part of the target spread over all classes.
void give_loss_of_numbers(Context& c, Value logarithms, double smoothing) {
  const uint32_t classes = logarithms.size(class_dimension(logarithms));
  const std::vector<float> weights = class_weights(c, classes);
  const Value hot = one_hot(c, logarithms);
  const Value weighted = hot * by_class(c, logarithms, without_ignored(c, weights));
  Value sum = sum_of_classes(weighted * logarithms);
  if (smoothing != 0) {
    const std::vector<float> ones(classes, 1);
    const Value counts = sum_of_classes(hot * by_class(c, logarithms, without_ignored(c, ones)));
    const Value spread = sum_of_classes(logarithms * by_class(c, logarithms, weights));
    sum = sum * (1 - smoothing) + spread * counts * (smoothing / classes);
  }
  give_loss(c, -sum, sum_of_all(weighted));
}

/// Of a probability for each class.
void give_loss_of_probabilities(Context& c, Value logarithms, double smoothing) {
  const uint32_t classes = logarithms.size(class_dimension(logarithms));
  Value target = c.tensor("target");
  if (smoothing != 0) target = target * (1 - smoothing) + smoothing / classes;
  const Value weighted = logarithms * by_class(c, logarithms, class_weights(c, classes));
  const double places = static_cast<double>(graph::element_count(logarithms.shape())) / classes;
  give_loss(c, -sum_of_classes(weighted * target), places);
}

void lower_cross_entropy(Context& c) {
  const Value scores = c.tensor("self");
  const Value logarithms = log_softmax(scores, class_dimension(scores));
  const double smoothing = c.number("label_smoothing");
  if (c.info("target").shape == c.info("self").shape) return give_loss_of_probabilities(c, logarithms, smoothing);
  give_loss_of_numbers(c, logarithms, smoothing);
}

void lower_nll_loss(Context& c) { give_loss_of_numbers(c, c.tensor("self"), 0); }

constexpr std::string_view operations = "EQUAL, SELECT, MUL, REDUCE_SUM, NEG, DIV";
constexpr std::string_view limits = "weights that are not constant";
constexpr std::string_view limits_of_forward = "weights that are not constant; the sum of weights";

constexpr Lowering table[] = {
    {"aten::cross_entropy_loss", lower_cross_entropy, "LOG_SOFTMAX, EQUAL, SELECT, MUL, REDUCE_SUM, NEG, DIV", limits},
    {"aten::nll_loss", lower_nll_loss, operations, limits},
    {"aten::nll_loss_nd", lower_nll_loss, operations, limits},
    {"aten::nll_loss2d", lower_nll_loss, operations, limits},
    {"aten::nll_loss_forward", lower_nll_loss, operations, limits_of_forward},
    {"aten::nll_loss2d_forward", lower_nll_loss, operations, limits_of_forward},
};

}  // namespace

Span<const Lowering> loss_lowerings() { return table; }

}  // namespace passerelle::lowering
