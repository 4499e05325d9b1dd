#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, int64 = ElementType::int64;

Case bag_case(const std::string& offsets, const std::string& rest, int64_t count = 6) {
  return {"return torch.embedding_bag(self.w, i, " + offsets + ", False, " + rest + ")[0]",
          {{"i", {count}, 0, 10, int64}},
          {{"w", {10, 4}}, {"s", {count}}}};
}

}  // namespace

TEST_CASE("aten::embedding_bag") {
  std::vector<Case> cases;
  for (const char* offsets : {"torch.tensor([0])", "torch.tensor([0, 2, 4])", "torch.tensor([0, 3])",
                              "torch.tensor([0, 1, 5])", "torch.tensor([0, 2, 2])", "torch.tensor([0, 6])"})
    for (const char* mode : {"0", "1", "2"}) cases.push_back(bag_case(offsets, mode + std::string(", False")));
  for (const char* mode : {"0", "1"})
    for (const char* offsets : {"torch.tensor([0, 2, 4, 6])", "torch.tensor([0, 1, 6])"})
      cases.push_back(bag_case(offsets, mode + std::string(", False, None, True")));
  cases.push_back(bag_case("torch.tensor([0, 2, 5])", "0, False, None, True"));
  cases.push_back(bag_case("torch.tensor([0, 3])", "0, False, self.s"));
  cases.push_back(bag_case("torch.tensor([0, 3])", "0, False, None, False, 3", 12));
  cases.push_back(bag_case("torch.tensor([0, 3])", "0, False, None, False, -1", 12));
  cases.push_back({"return torch.embedding_bag(self.w, i, torch.tensor([0, 3], dtype=3))[0]",
                   {{"i", {6}, 0, 10, int32}},
                   {{"w", {10, 4}}}});
  for (const char* mode : {"0", "1", "2"})
    cases.push_back({"return torch.embedding_bag(self.w, i.reshape(-1), torch.arange(0, 15, 5), False, " +
                         std::string(mode) + ")[0]",
                     {{"i", {3, 5}, 0, 10, int64}},
                     {{"w", {10, 4}}}});
  require_all(cases);
}

namespace {

/// A table of 10 x 4 with its scales and zero points as attributes.
Case bytes_case(const std::string& result, const Shape& indices, const std::string& type = "13") {
  return {"p = quantized.embedding_bag_prepack(torch.quantize_per_channel(self.w, self.s, self.z, 0, " + type +
              "))\n  return " + result,
          {{"i", indices, 0, 10, int64}},
          {{"w", {10, 4}}, {"s", {10}, 0.005, 0.01}, {"z", {10}, 20, 200}}};
}

}  // namespace

TEST_CASE("Embeddings of bytes") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{7}, {2, 3}}) cases.push_back(bytes_case("quantized.embedding_byte(p, i)", shape));
  for (const char* offsets : {"torch.tensor([0, 2, 4])", "torch.tensor([0, 1, 5])"})
    cases.push_back(bytes_case("quantized.embedding_bag_byte(p, i, " + std::string(offsets) + ")", {6}));
  cases.push_back(bytes_case(
      "quantized.embedding_bag_byte(p, i, torch.tensor([0, 2, 6]), False, 0, False, None, None, True)", {6}));
  require_all(cases);
  require_refused(bytes_case("quantized.embedding_4bit(p, i)", {7}, "16"), "4 bits");
}

TEST_CASE("aten::embedding_bag that is refused") {
  require_refused({"return torch.embedding_bag(self.w, i, o)[0]",
                   {{"i", {6}, 0, 10, int64}, {"o", {1}, 0, 1, int64}},
                   {{"w", {10, 4}}}},
                  "offsets");
  require_refused(bag_case("torch.tensor([0, 2, 5])", "1, False, None, True"), "last offset");
  require_refused(bag_case("torch.tensor([0, 3])", "1, False, None, False, 3", 12), "padding_idx");
}
