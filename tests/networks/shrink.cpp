#include "shrink.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "evaluator.h"

namespace passerelle::tests {
namespace {

class Shrinker {
 public:
  Shrinker(Network network, const std::function<bool(const Network&)>& fails)
      : network_(std::move(network)), fails_(fails) {}

  Network run() {
    for (bool smaller = true; smaller;) {
      smaller = false;
      smaller |= keep_fewer_outputs();
      smaller |= return_values_in_between();
      smaller |= make_inputs_of_statements();
      smaller |= make_sizes_smaller();
    }
    return network_;
  }

 private:
  /// Takes the candidate where it is another one and fails too.
  bool take(Network candidate) {
    remove_unused(candidate);
    if (attempts_ == 0 || to_text(candidate) == to_text(network_)) return false;
    --attempts_;
    if (candidate.outputs.empty() || candidate.inputs.empty() || unsound_statement(candidate) || !fails_(candidate))
      return false;
    network_ = std::move(candidate);
    return true;
  }

  bool keep_fewer_outputs() {
    if (network_.outputs.size() < 2) return false;
    for (const std::string& output : network_.outputs) {
      Network candidate = network_;
      candidate.outputs = {output};
      if (take(std::move(candidate))) return true;
    }
    bool any = false;
    for (size_t i = network_.outputs.size(); i-- > 0;) {
      Network candidate = network_;
      candidate.outputs.erase(candidate.outputs.begin() + static_cast<std::ptrdiff_t>(i));
      any |= take(std::move(candidate));
    }
    return any;
  }

  /// From the first on, so that the statement that is wrong becomes the last.
  bool return_values_in_between() {
    for (size_t i = 0; i + 1 < network_.statements.size(); ++i)
      for (const Tensor& result : network_.statements[i].results) {
        Network candidate = network_;
        candidate.outputs = {result.name};
        if (take(std::move(candidate))) return true;
      }
    return false;
  }

  bool make_inputs_of_statements() {
    bool any = false;
    for (size_t i = network_.statements.size(); i-- > 0;) {
      if (i >= network_.statements.size()) continue;
      Network candidate = network_;
      make_inputs_of(candidate, i);
      any |= take(std::move(candidate));
    }
    return any;
  }

  /// One size at a time, wherever it stands: in inputs, constants and lists of the source. LibTorch tells what fits.
  bool make_sizes_smaller() {
    std::set<int64_t> sizes;
    for (const auto* tensors : {&network_.inputs, &network_.attributes})
      for (const Tensor& tensor : *tensors) sizes.insert(tensor.shape.begin(), tensor.shape.end());
    bool any = false;
    for (auto size = sizes.rbegin(); size != sizes.rend(); ++size)
      for (int64_t smaller : {int64_t{1}, int64_t{2}, *size / 2, *size - 1})
        if (smaller >= 1 && smaller < *size &&
            (make_smaller_everywhere(*size, smaller) || make_smaller_inputs(*size, smaller))) {
          any = true;
          break;
        }
    return any;
  }

  static void replace(std::vector<Tensor>& tensors, int64_t size, int64_t smaller) {
    for (Tensor& tensor : tensors) std::replace(tensor.shape.begin(), tensor.shape.end(), size, smaller);
  }

  bool make_smaller_inputs(int64_t size, int64_t smaller) {
    Network candidate = network_;
    replace(candidate.inputs, size, smaller);
    return take(std::move(candidate));
  }

  bool make_smaller_everywhere(int64_t size, int64_t smaller) {
    Network candidate = network_;
    replace(candidate.inputs, size, smaller);
    replace(candidate.attributes, size, smaller);
    for (Statement& statement : candidate.statements) replace_number(statement.source, size, smaller);
    return take(std::move(candidate));
  }

  /// Whole numbers that are no part of a name or of a decimal fraction.
  static void replace_number(std::string& source, int64_t size, int64_t smaller) {
    const std::string old = std::to_string(size), with = std::to_string(smaller);
    auto part_of_word = [&](size_t at) {
      return at < source.size() &&
             (std::isalnum(static_cast<unsigned char>(source[at])) || source[at] == '_' || source[at] == '.');
    };
    for (size_t at = source.find(old); at != source.npos; at = source.find(old, at)) {
      if ((at > 0 && part_of_word(at - 1)) || part_of_word(at + old.size())) {
        at += old.size();
        continue;
      }
      source.replace(at, old.size(), with);
      at += with.size();
    }
  }

  Network network_;
  int attempts_ = 1000;
  const std::function<bool(const Network&)>& fails_;
};

}  // namespace

Network shrink(Network network, const std::function<bool(const Network&)>& fails) {
  return Shrinker(std::move(network), fails).run();
}

}  // namespace passerelle::tests
