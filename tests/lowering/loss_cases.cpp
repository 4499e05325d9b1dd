#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

/// Scores of five classes, and the numbers of the right ones.
struct Batch {
  Shape scores, target;
};
const std::vector<Batch> batches{{{4, 5}, {4}}, {{2, 5, 3}, {2, 3}}, {{2, 5, 2, 3}, {2, 2, 3}}};

Case numbers(const std::string& call, const Batch& batch) {
  return {"return torch." + call,
          {{"x", batch.scores, -3, 3}, {"t", batch.target, 0, 5, ElementType::int64}},
          {{"w", {5}, 0.2, 2}}};
}

}  // namespace

TEST_CASE("aten::cross_entropy_loss of class numbers") {
  std::vector<Case> cases;
  for (const Batch& batch : batches)
    for (const char* weight : {"None", "self.w"})
      for (const char* reduction : {"0", "1", "2"})
        for (const char* rest : {"-100, 0.0", "2, 0.0", "-100, 0.1", "2, 0.1"})
          cases.push_back(
              numbers("cross_entropy_loss(x, t, " + std::string(weight) + ", " + reduction + ", " + rest + ")", batch));
  require_all(some_of(cases, 30));
}

TEST_CASE("aten::cross_entropy_loss of probabilities") {
  std::vector<Case> cases;
  for (const Batch& batch : batches)
    for (const char* weight : {"None", "self.w"})
      for (const char* reduction : {"0", "1", "2"})
        for (const char* smoothing : {"0.0", "0.2"})
          cases.push_back({"return torch.cross_entropy_loss(x, torch.softmax(t, 1), " + std::string(weight) + ", " +
                               reduction + ", -100, " + smoothing + ")",
                           {{"x", batch.scores, -3, 3}, {"t", batch.scores, -3, 3}},
                           {{"w", {5}, 0.2, 2}}});
  require_all(some_of(cases, 20));
}

TEST_CASE("aten::nll_loss and its forms") {
  std::vector<Case> cases;
  for (const char* weight : {"None", "self.w"})
    for (const char* reduction : {"0", "1", "2"})
      for (const char* ignored : {"-100", "2"}) {
        const std::string rest = std::string(", t, ") + weight + ", " + reduction + ", " + ignored + ")";
        cases.push_back(numbers("nll_loss(x" + rest, batches[0]));
        cases.push_back(numbers("nll_loss_nd(x" + rest, batches[1]));
        cases.push_back(numbers("nll_loss2d(x" + rest, batches[2]));
        cases.push_back(numbers("nll_loss_forward(x" + rest + "[0]", batches[0]));
        cases.push_back(numbers("nll_loss2d_forward(x" + rest + "[0]", batches[2]));
      }
  require_all(some_of(cases, 30));
}
