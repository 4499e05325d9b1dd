// einsum: dimensions are named by letters; those that the result lacks are summed over.
#include <algorithm>
#include <map>
#include <string>

#include "families.h"
#include "layers.h"
#include "structure.h"

namespace passerelle::lowering {
namespace {

/// A tensor and the letter of each of its dimensions.
struct Lettered {
  Value value;
  std::string letters;
};

bool holds(const std::string& letters, char letter) { return letters.find(letter) != std::string::npos; }

std::string without_spaces(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  return text;
}

/// What "..." stands for, as letters that no equation uses: control characters, the last one for the last dimension.
std::string ellipsis(size_t dimensions, size_t greatest) {
  std::string letters;
  for (size_t i = greatest - dimensions; i < greatest; ++i) letters += static_cast<char>(1 + i);
  return letters;
}

class Einsum {
 public:
  explicit Einsum(Context& c) : c_(c) {}

  void lower() {
    read_equation();
    Lettered left = reduced(terms_.front(), 1, "");
    for (size_t i = 1; i < terms_.size(); ++i) left = multiplied(left, reduced(terms_[i], i + 1, left.letters), i + 1);
    c_.result(c_.reshape(arranged(left, result_), c_.result_type().shape));
  }

 private:
  void read_equation() {
    const std::string equation = without_spaces(c_.string("equation"));
    const size_t arrow = equation.find("->");
    const Values tensors = c_.tensors("tensors");
    std::string left = equation.substr(0, arrow);
    size_t greatest = 0;
    std::vector<std::string> parts;
    for (size_t begin = 0; begin <= left.size();
         begin = left.find(',', begin) == std::string::npos ? left.size() + 1 : left.find(',', begin) + 1)
      parts.push_back(left.substr(begin, left.find(',', begin) - begin));
    auto named = [](const std::string& part) { return part.size() - (holds(part, '.') ? 3 : 0); };
    for (size_t i = 0; i < parts.size(); ++i)
      if (holds(parts[i], '.')) greatest = std::max(greatest, c_.rank(tensors[i]) - named(parts[i]));
    for (size_t i = 0; i < parts.size(); ++i) terms_.push_back(term(tensors[i], parts[i], greatest, named(parts[i])));
    result_ = arrow == std::string::npos ? implied_result(greatest)
                                         : expanded(equation.substr(arrow + 2), greatest, greatest);
  }

  static std::string expanded(std::string part, size_t dimensions, size_t greatest) {
    const size_t dots = part.find("...");
    return dots == std::string::npos ? part : part.replace(dots, 3, ellipsis(dimensions, greatest));
  }

  Lettered term(Value value, const std::string& part, size_t greatest, size_t named) {
    Lettered result{value, expanded(part, c_.rank(value) - named, greatest)};
    named_ += result.letters;
    for (size_t i = 0; i < result.letters.size(); ++i)
      for (size_t twin = result.letters.find(result.letters[i], i + 1); twin != std::string::npos;
           twin = result.letters.find(result.letters[i], i + 1))
        result = with_diagonal(result, i, twin);
    return result;
  }

  /// A letter that stands twice is the diagonal of its two dimensions: the second one goes.
  Lettered with_diagonal(const Lettered& term, size_t first, size_t second) const {
    const Shape shape = c_.shape(term.value);
    Permutation last;
    for (uint32_t i = 0; i < shape.size(); ++i)
      if (i != first && i != second) last.push_back(i);
    const size_t others = last.size();
    last.insert(last.end(), {static_cast<uint32_t>(first), static_cast<uint32_t>(second)});
    const uint32_t size = shape[first];
    std::vector<int32_t> places;
    for (uint32_t i = 0; i < size; ++i) places.push_back(static_cast<int32_t>(i * (size + 1)));
    const Value turned = c_.transpose(term.value, last);
    Shape joined = c_.shape(turned);
    joined.resize(others);
    joined.push_back(size * size);
    const Value diagonal = gathered(c_, c_.reshape(turned, joined), static_cast<uint32_t>(others), places);
    // The letter stands where its first one stood.
    Permutation order;
    for (uint32_t i = 0, next = 0; i < shape.size(); ++i)
      if (i != second) order.push_back(i == first ? static_cast<uint32_t>(others) : next++);
    std::string letters = term.letters;
    letters.erase(second, 1);
    return {c_.transpose(diagonal, order), letters};
  }

  /// Without an arrow: what stands for "...", then the letters that appear once, in alphabetical order.
  std::string implied_result(size_t greatest) const {
    std::map<char, int> count;
    for (char letter : named_) ++count[letter];
    std::string result = ellipsis(greatest, greatest);
    for (auto [letter, times] : count)
      if (letter >= 'A' && times == 1) result += letter;
    return result;
  }

  bool is_needed(char letter, size_t first_term) const {
    return holds(result_, letter) ||
           std::any_of(terms_.begin() + static_cast<std::ptrdiff_t>(std::min(first_term, terms_.size())), terms_.end(),
                       [&](const Lettered& each) { return holds(each.letters, letter); });
  }

  /// Sums over dimensions that neither the result, nor the terms from `next` on, nor the product so far has.
  Lettered reduced(const Lettered& term, size_t next, const std::string& so_far) {
    std::vector<int32_t> axes;
    std::string kept;
    Shape shape;
    for (size_t i = 0; i < term.letters.size(); ++i) {
      if (!is_needed(term.letters[i], next) && !holds(so_far, term.letters[i])) {
        axes.push_back(static_cast<int32_t>(i));
      } else {
        kept += term.letters[i];
        shape.push_back(c_.shape(term.value)[i]);
      }
    }
    if (axes.empty()) return term;
    TensorType type = c_.type(term.value);
    for (int32_t axis : axes) type.shape[static_cast<size_t>(axis)] = 1;
    if (shape.empty()) shape.push_back(1);
    const Value sum = c_.emit(
        Op::REDUCE_SUM,
        {{"input", term.value}, {"axes", c_.constant_operand(Constant::list(axes))}, {"keep_dims", true}}, type);
    return {c_.reshape(sum, shape), kept};
  }

  /// Letters of both that live on are batches, those of both that don't are summed: a product of matrices.
  Lettered multiplied(const Lettered& a, const Lettered& b, size_t next) {
    std::string batch, summed, rows, columns;
    for (char letter : a.letters) {
      if (!holds(b.letters, letter))
        rows += letter;
      else if (is_needed(letter, next))
        batch += letter;
      else
        summed += letter;
    }
    for (char letter : b.letters)
      if (!holds(a.letters, letter)) columns += letter;
    for (char letter : batch + summed)
      if (size_of(a, letter) != size_of(b, letter))
        c_.refuse(Reason::argument, "it broadcasts a dimension of size 1", "expand the operand before");
    const Value left = as_matrices(arranged(a, batch + rows + summed), batch.size(), rows.size());
    const Value right = as_matrices(arranged(b, batch + summed + columns), batch.size(), summed.size());
    const Value product = matrix_product(c_, left, right);
    Lettered result{product, batch + rows + columns};
    Shape shape;
    for (char letter : result.letters)
      shape.push_back(holds(a.letters, letter) ? size_of(a, letter) : size_of(b, letter));
    if (shape.empty()) shape.push_back(1);
    result.value = c_.reshape(product, shape);
    return result;
  }

  uint32_t size_of(const Lettered& term, char letter) const { return c_.shape(term.value)[term.letters.find(letter)]; }

  Value arranged(const Lettered& term, const std::string& letters) const {
    Permutation permutation;
    for (char letter : letters) permutation.push_back(static_cast<uint32_t>(term.letters.find(letter)));
    return permutation.size() == c_.rank(term.value) ? c_.transpose(term.value, permutation) : term.value;
  }

  /// [batches..., rows..., columns...] → [batch, row, column]
  Value as_matrices(Value value, size_t batches, size_t rows) const {
    const Shape shape = c_.shape(value);
    Shape matrices(3, 1);
    for (size_t i = 0; i < shape.size(); ++i) matrices[i < batches ? 0 : i < batches + rows ? 1 : 2] *= shape[i];
    return c_.reshape(value, matrices);
  }

  Context& c_;
  std::vector<Lettered> terms_;
  std::string named_;  // the letters of all operands, as often as they stand there
  std::string result_;
};

void lower_einsum(Context& c) {
  for (Value value : c.tensors("tensors"))
    if (!value.is(OperandType::TENSOR_FLOAT32)) c.refuse(Reason::element_type, "it multiplies integers");
  Einsum(c).lower();
}

const Lowering table[] = {
    {"aten::einsum", lower_einsum, "TRANSPOSE, RESHAPE, BATCH_MATMUL, REDUCE_SUM", "broadcast dimensions"},
};

}  // namespace

Span<const Lowering> einsum_lowerings() { return table; }

}  // namespace passerelle::lowering
