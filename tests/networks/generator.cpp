#include "generator.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "evaluator.h"
#include "kinds.h"

namespace passerelle::tests {
namespace {

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {
    for (size_t i = 0; i < families().size(); ++i) weights_.push_back(1 + below(below(3) == 0 ? 12 : 2));
  }

  Network make(size_t statements) {
    add_inputs();
    for (size_t attempts = 10 * statements; attempts > 0 && network_.statements.size() < statements; --attempts)
      attempt();
    choose_outputs();
    remove_unused(network_);
    return std::move(network_);
  }

 private:
  int64_t below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }

  void add_input(Tensor input) {
    input.name = "x" + std::to_string(network_.inputs.size());
    evaluator_.define(input);
    values_.push_back(input);
    network_.inputs.push_back(std::move(input));
  }

  Shape random_shape() {
    if (below(2) == 0) return {1 + below(2), 1 + below(8), 3 + below(8), 3 + below(8)};
    Shape shape(static_cast<size_t>(below(5)));
    for (int64_t& size : shape) size = 1 + below(8);
    return shape;
  }

  void add_inputs() {
    const Shape shape = random_shape();
    add_input({"", shape, -2, 2});
    for (int64_t i = below(3); i > 0; --i) {
      Draft draft(random_, values_, 0);
      Tensor input{"", below(3) == 0 ? random_shape() : draft.broadcastable(shape), -2, 2};
      switch (below(6)) {
        case 0: input = {"", input.shape, -4, 9, ElementType::int32}; break;
        case 1: input = {"", input.shape, -4, 9, ElementType::int64}; break;
        case 2: input = {"", input.shape, 0, 2, ElementType::bool8}; break;
        default: break;
      }
      add_input(input);
    }
  }

  const Kind& random_kind() {
    int64_t place = below(std::accumulate(weights_.begin(), weights_.end(), int64_t{0}));
    size_t family = 0;
    while (place >= weights_[family]) place -= weights_[family++];
    const std::vector<Kind>& kinds = families()[family].kinds;
    return kinds[static_cast<size_t>(below(static_cast<int64_t>(kinds.size())))];
  }

  void attempt() {
    const Kind& kind = random_kind();
    Draft draft(random_, values_, network_.statements.size());
    Statement statement{kind.name, {}, {}, kind.rounding};
    try {
      statement.source = kind.write(draft);
    } catch (const Unfit&) {
      return;
    }
    const std::vector<std::string> names = names_in(statement.source);
    for (size_t i = 0; std::find(names.begin(), names.end(), draft.result(i)) != names.end(); ++i)
      statement.results.push_back({draft.result(i), {}});
    for (const Tensor& constant : draft.constants()) evaluator_.define(constant);
    if (!evaluator_.run(statement).empty()) return;
    for (const Tensor& constant : draft.constants()) network_.attributes.push_back(constant);
    for (const Tensor& result : statement.results) values_.push_back(result);
    network_.statements.push_back(std::move(statement));
  }

  /// What nothing reads, and now and then a value in between.
  void choose_outputs() {
    std::vector<std::string> unread;
    for (const Statement& statement : network_.statements)
      for (const Tensor& result : statement.results) unread.push_back(result.name);
    if (unread.empty()) unread.push_back("x0");
    if (below(3) == 0)
      network_.outputs.push_back(unread[static_cast<size_t>(below(static_cast<int64_t>(unread.size())))]);
    for (const Statement& statement : network_.statements)
      for (const std::string& name : names_in(statement.source)) {
        const bool own = std::any_of(statement.results.begin(), statement.results.end(),
                                     [&](const Tensor& result) { return result.name == name; });
        if (!own) unread.erase(std::remove(unread.begin(), unread.end(), name), unread.end());
      }
    network_.outputs.insert(network_.outputs.end(), unread.begin(), unread.end());
    network_.form = below(4) == 0 ? Network::Form::list : below(4) == 0 ? Network::Form::dict : Network::Form::tuple;
  }

  std::mt19937 random_;
  std::vector<int64_t> weights_;  // of families
  Evaluator evaluator_;
  Network network_;
  std::vector<Tensor> values_;
};

}  // namespace

Network random_network(uint32_t seed, size_t statements) { return Generator(seed).make(statements); }

}  // namespace passerelle::tests
