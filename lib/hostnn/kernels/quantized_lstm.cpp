// QUANTIZED_LSTM and QUANTIZED_16BIT_LSTM: one step of an LSTM in 8-bit weights, 16-bit gates and 32-bit sums.
#include <algorithm>
#include <cmath>

#include "quantized_weights.h"

namespace passerelle::hostnn {
namespace {

using Numbers = std::vector<int16_t>;

template <typename T>
T saturated(int64_t value) {
  return static_cast<T>(std::clamp<int64_t>(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

Numbers numbers_of(const Tensor& tensor) {
  const Tensor contiguous = tensor.to(at::kShort).contiguous();
  return {contiguous.data_ptr<int16_t>(), contiguous.data_ptr<int16_t>() + contiguous.numel()};
}

std::vector<int32_t> integers_of(const Tensor& tensor) {
  const Tensor contiguous = tensor.to(at::kInt).contiguous();
  return {contiguous.data_ptr<int32_t>(), contiguous.data_ptr<int32_t>() + contiguous.numel()};
}

/// Sums of products of [batches, inputs] and [units, inputs], each minus its zero point: [batches, units].
std::vector<int32_t> products(const Tensor& values, int32_t value_zero_point, const Tensor& weights,
                              int32_t weight_zero_point) {
  require(values.dim() == 2 && weights.dim() == 2 && values.size(1) == weights.size(1),
          "weights do not fit what they are multiplied with");
  const IntegerRows a = integer_rows(values, value_zero_point);
  const PackedColumns b = packed_columns(weights, weight_zero_point);
  std::vector<int32_t> padded(a.count * b.padded_count()), sums(a.count * b.count());
  multiply_rows(a.data.data(), a.inner, a.count, b, padded.data());
  for (int64_t row = 0; row < a.count; ++row)
    std::copy_n(padded.data() + row * b.padded_count(), b.count(), sums.data() + row * b.count());
  return sums;
}

std::vector<int32_t> products(const Call& call, size_t values, size_t weights) {
  return products(call.tensor(values), call.quantization(values).zero_point, call.tensor(weights),
                  call.quantization(weights).zero_point);
}

template <typename Function>
Numbers applied(Numbers numbers, Function&& function) {
  for (int16_t& number : numbers) number = function(number);
  return numbers;
}

Numbers logistic(Numbers gate) {
  return applied(std::move(gate), [](int16_t number) { return fixed_logistic(number, 3); });
}
Numbers tanh(Numbers gate, int integer_bits) {
  return applied(std::move(gate), [=](int16_t number) { return fixed_tanh(number, integer_bits); });
}

/// The exponent of a scale that is a power of two.
int exponent_of(float scale) {
  const double exponent = std::round(std::log2(scale));
  require(std::abs(std::log2(scale) - exponent) < 1e-3, "the cell state's scale is not a power of two");
  return static_cast<int>(exponent);
}

Tensor tensor_of(const std::vector<int32_t>& values, at::IntArrayRef shape, at::ScalarType type) {
  return at::tensor(values, at::kInt).reshape(shape).to(type);
}

// --- QUANTIZED_16BIT_LSTM: inputs count in 1/128 from 128, the cell state has 4 integer bits, gates have 3

/// A gate's number before its activation. Android's kernel has the input before the previous output, but the weights of
/// the previous output before those of the input; the golden models have it so too.
Numbers gate_of_16_bit_lstm(const Call& call, size_t gate) {
  const std::vector<int32_t> sums =
      products(at::cat({call.tensor(0), call.tensor(14)}, 1), call.quantization(0).zero_point,
               at::cat({call.tensor(5 + gate), call.tensor(1 + gate)}, 1), call.quantization(1 + gate).zero_point);
  const std::vector<int32_t> bias = integers_of(call.tensor(9 + gate));
  require(!bias.empty() && sums.size() % bias.size() == 0, "a gate's tensors do not fit each other");
  const Multiplier factor = multiplier_of(4096 * call.quantization(9).scale);
  Numbers result(sums.size());
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = saturated<int16_t>(multiply(sums[i] + bias[i % bias.size()], factor));
  return result;
}

Tensors quantized_16bit_lstm(const Call& call) {
  require(exponent_of(call.quantization(13).scale) == -11, "the cell state's scale is not 2^-11");
  const Numbers input = logistic(gate_of_16_bit_lstm(call, 0)), forget = logistic(gate_of_16_bit_lstm(call, 1));
  const Numbers cell = tanh(gate_of_16_bit_lstm(call, 2), 3), output = logistic(gate_of_16_bit_lstm(call, 3));
  const Numbers before = numbers_of(call.tensor(13));
  for (const Numbers* gate : {&input, &forget, &cell, &output})
    require(gate->size() == before.size(), "the cell state does not fit the gates");
  std::vector<int32_t> states(before.size()), outputs(before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    const int32_t added = divide_by_power(high_product(input[i], cell[i]), 4);
    const auto state = saturated<int16_t>(added + high_product(forget[i], before[i]));
    const int16_t activated = fixed_tanh(scaled_by_power(state, 1), 3);
    states[i] = state;
    outputs[i] = 128 + saturated<int8_t>(divide_by_power(high_product(output[i], activated), 8));
  }
  const auto shape = call.tensor(13).sizes();
  return {tensor_of(states, shape, at::kShort), tensor_of(outputs, shape, at::kByte)};
}

// --- QUANTIZED_LSTM

enum Gate { input_gate, forget_gate, cell_gate, output_gate };

/// As many arguments lead to a gate from the first of its kind.
constexpr size_t input_weights = 1, recurrent_weights = 5, peepholes = 9, biases = 12, norms = 20, scales = 26;
constexpr size_t previous_output = 18, previous_cell = 19;

Multiplier factor_of(double factor) { return multiplier_of(static_cast<float>(factor)); }

/// Adds rescaled sums to 16-bit numbers.
void accumulate(const std::vector<int32_t>& sums, Multiplier factor, Numbers& numbers) {
  require(sums.size() == numbers.size(), "a gate's tensors do not fit each other");
  for (size_t i = 0; i < sums.size(); ++i)
    numbers[i] = saturated<int16_t>(int64_t{multiply(sums[i], factor)} + numbers[i]);
}

/// Normalises a batch's numbers to a mean of 0 and a deviation of 1, with 10 bits to spare, then scales and biases
/// them.
void normalise(int16_t* numbers, const Numbers& weights, const std::vector<int32_t>& bias, float scale) {
  constexpr int64_t spare = 1024, guard = spare * spare;
  const auto count = static_cast<int64_t>(weights.size());
  int64_t sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += numbers[i];
    squares += int64_t{numbers[i]} * numbers[i];
  }
  const int64_t mean = sum * spare / count;
  auto variance = static_cast<int32_t>((squares * (guard / count) - mean * mean) / guard);
  if (variance < 1) variance = std::min(1, static_cast<int32_t>(10000 * scale));
  const Multiplier inverse_deviation = inverse_square_root(variance);
  Multiplier factor = multiplier_of(scale);
  factor.exponent += 12;
  for (int64_t i = 0; i < count; ++i) {
    const int32_t normal = multiply(static_cast<int32_t>(spare * numbers[i] - mean), inverse_deviation);
    const int64_t weighted = int64_t{normal} * weights[i] + bias[i];
    const int64_t rounded = (weighted > 0 ? weighted + spare / 2 : weighted - spare / 2) / spare;
    numbers[i] = saturated<int16_t>(multiply(static_cast<int32_t>(rounded), factor));
  }
}

/// A gate's numbers before its activation. `cell` is the state that a peephole sees. Without normalisation Android's
/// kernel leaves the bias out.
Numbers gate_of(const Call& call, Gate gate, const Numbers& cell) {
  const double scale = call.real(scales + gate);
  const auto rescale = [&](size_t weights, size_t values) {
    return factor_of(call.quantization(weights).scale * call.quantization(values).scale / scale);
  };
  Numbers numbers(cell.size());
  accumulate(products(call, 0, input_weights + gate), rescale(input_weights + gate, 0), numbers);
  accumulate(products(call, previous_output, recurrent_weights + gate),
             rescale(recurrent_weights + gate, previous_output), numbers);
  const size_t peephole = peepholes + (gate == output_gate ? 2 : gate);
  if (gate != cell_gate && call.has(peephole)) {
    const Numbers weights = numbers_of(call.tensor(peephole));
    std::vector<int32_t> sums(cell.size());
    for (size_t i = 0; i < cell.size(); ++i) sums[i] = weights[i % weights.size()] * cell[i];
    accumulate(sums, rescale(peephole, previous_cell), numbers);
  }
  if (!call.has(norms + gate)) return numbers;
  const Numbers weights = numbers_of(call.tensor(norms + gate));
  const std::vector<int32_t> bias = integers_of(call.tensor(biases + gate));
  require(!weights.empty() && bias.size() == weights.size() && numbers.size() % weights.size() == 0,
          "weights of a normalisation do not fit the gate");
  for (size_t first = 0; first < numbers.size(); first += weights.size())
    normalise(numbers.data() + first, weights, bias, call.quantization(norms + gate).scale);
  return numbers;
}

Numbers next_cell(const Call& call, const Numbers& before, int exponent) {
  const Numbers forget = logistic(gate_of(call, forget_gate, before));
  const Numbers cell = tanh(gate_of(call, cell_gate, before), 3);
  // Without tensors of its own, the input gate is what the forget gate leaves.
  const Numbers input = call.has(input_weights)
                            ? logistic(gate_of(call, input_gate, before))
                            : applied(forget, [](int16_t number) { return static_cast<int16_t>(INT16_MAX - number); });
  const auto limit = static_cast<float>(call.real(24) / call.quantization(previous_cell).scale);
  const auto clip = limit > 0 ? static_cast<int32_t>(std::min(limit, 32767.0f)) : INT16_MAX + 1;
  Numbers after(before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    const auto kept = static_cast<int16_t>(divide_by_power(forget[i] * before[i], 15));
    const auto added = static_cast<int16_t>(divide_by_power(input[i] * cell[i], 30 + exponent));
    after[i] = static_cast<int16_t>(std::clamp<int32_t>(saturated<int16_t>(kept + added), -clip, clip));
  }
  return after;
}

/// The hidden state, 8 bits, through the projection's weights: [batches, outputs].
std::vector<int32_t> project(const Call& call, const std::vector<int32_t>& hidden, int64_t batches) {
  // Android's kernel takes the zero point off the hidden state, and adds it here.
  const auto zero_point = static_cast<int32_t>(call.integer(30));
  std::vector<int32_t> sums = products(tensor_of(hidden, {batches, -1}, at::kInt), -zero_point, call.tensor(16), 0);
  const std::vector<int32_t> bias =
      call.has(17) ? integers_of(call.tensor(17)) : std::vector<int32_t>(call.tensor(16).size(0));
  const Multiplier factor =
      factor_of(call.quantization(16).scale * call.real(31) / call.quantization(previous_output).scale);
  const auto limit = static_cast<float>(call.real(25) / call.quantization(16).scale);
  const int32_t clip = limit > 0 ? static_cast<int32_t>(std::min(limit, 127.0f)) : INT8_MAX + 1;
  for (size_t i = 0; i < sums.size(); ++i) {
    const int32_t result = multiply(sums[i] + bias[i % bias.size()], factor);
    const int64_t output = int64_t{result} + call.quantization(previous_output).zero_point;
    sums[i] = std::clamp<int32_t>(saturated<int8_t>(output), -clip, clip);
  }
  return sums;
}

Tensors quantized_lstm(const Call& call) {
  const int exponent = exponent_of(call.quantization(previous_cell).scale);
  require(exponent <= -9 && exponent >= -15, "the cell state's scale is not between 2^-15 and 2^-9");
  const Numbers cell = next_cell(call, numbers_of(call.tensor(previous_cell)), exponent);
  const Numbers output = logistic(gate_of(call, output_gate, cell));
  const Numbers activated = tanh(cell, exponent + 15);
  const Multiplier factor = factor_of(std::ldexp(1, -30) / call.real(31));
  std::vector<int32_t> hidden(cell.size());
  for (size_t i = 0; i < hidden.size(); ++i)
    hidden[i] = saturated<int8_t>(int64_t{multiply(output[i] * activated[i], factor)} - call.integer(30));
  const int64_t batches = call.tensor(0).size(0);
  if (call.has(16)) hidden = project(call, hidden, batches);
  const Tensor result = tensor_of(hidden, {batches, -1}, at::kChar);
  const std::vector<int32_t> cells(cell.begin(), cell.end());
  return {result, tensor_of(cells, call.tensor(previous_cell).sizes(), at::kShort), result};
}

constexpr Row rows[] = {
    {OperationType::QUANTIZED_16BIT_LSTM, quantized_16bit_lstm, quant8 | quant16 | int32},
    {OperationType::QUANTIZED_LSTM, quantized_lstm, quant8 | weights8 | quant16 | int32},
};

}  // namespace

Span<const Row> quantized_lstm_rows() { return rows; }

}  // namespace passerelle::hostnn
