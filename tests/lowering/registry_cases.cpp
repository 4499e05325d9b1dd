// Every operator of PyTorch 2.14's aten is lowered, or refused with a reason of its own, or run while the model is
// converted, or not meant for inference. aten_2.14.txt has their names, made by make_operator_names.py.
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "catch.h"
#include "passerelle/lowering/lower.h"
#include "passerelle/trace/refusals.h"
#include "paths.h"

using namespace passerelle;

namespace {

std::set<std::string> names_of_2_14() {
  std::ifstream file(testing::source_directory() + std::string("/tests/lowering/aten_2.14.txt"));
  std::set<std::string> names;
  for (std::string name; std::getline(file, name);) names.insert("aten::" + name);
  return names;
}

std::set<std::string> lowered_names() {
  std::set<std::string> names;
  for (const lowering::SupportedOperator& op : lowering::supported_operators()) names.insert(op.op);
  return names;
}

/// add_ is add, and __iand__ is __and__, by the time that it is lowered: the trace is functional.
bool is_lowered(const std::string& op, const std::set<std::string>& lowered) {
  const std::string magic = "aten::__i";
  return lowered.count(op) != 0 || (op.back() == '_' && lowered.count(op.substr(0, op.size() - 1)) != 0) ||
         (op.substr(0, magic.size()) == magic && lowered.count("aten::__" + op.substr(magic.size())) != 0);
}

}  // namespace

TEST_CASE("Every operator of aten is in one of the lists") {
  const std::set<std::string> names = names_of_2_14(), lowered = lowered_names();
  REQUIRE(names.size() == 1731);
  std::map<trace::Fate, size_t> counts;
  size_t known = 0;
  for (const std::string& op : names) {
    if (is_lowered(op, lowered)) {
      ++known;
      continue;
    }
    INFO(op);
    const trace::Refusal* refusal = trace::refusal_of(op);
    REQUIRE(refusal != nullptr);
    CHECK(!refusal->why.empty());
    ++counts[refusal->fate];
  }
  CHECK(known >= 585);
  CHECK(known + counts[trace::Fate::refused] + counts[trace::Fate::converted_away] +
            counts[trace::Fate::not_inference] ==
        names.size());
}

TEST_CASE("An operator that no list has is told from those that are there") {
  CHECK(trace::refusal_of("aten::nowhere") == nullptr);
  CHECK(trace::refusal_of("quantized::add") == nullptr);
  CHECK(trace::refusal_of("aten::istft")->why == "NNAPI has no Fourier transform");
  CHECK(trace::refusal_of("aten::convolution_backward")->fate == trace::Fate::not_inference);
}
