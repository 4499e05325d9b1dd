// Arguments on which LibTorch is known to crash, or not to end: told in words of our own, before it sees them.
#include <limits>

#include "catch.h"
#include "models.h"

namespace passerelle::torchscript::testing {
namespace {

/// What the model is told on a 1x4x8x8 input; its last line returns.
std::string told(const std::string& body, const Budget& budget = {}) {
  INFO(body);
  const Model model = model_of("def forward(self, x):\n" + body);
  InputSpec spec;
  spec.shape = {1, 4, 8, 8};
  const Expected<Trace> trace = model.trace({spec}, budget);
  if (!trace) {
    CHECK(trace.error().kind == ErrorKind::usage);
    return trace.error().message;
  }
  return trace->diagnostics.empty() ? "" : trace->diagnostics.front().message;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != text.npos);
  return text.find(part) != text.npos;
}

constexpr char least[] = "  a = x.size(0) * -9223372036854775807 - 1\n";

}  // namespace

TEST_CASE("division of integers without a result") {
  CHECK(has(told(least + std::string("  return x + (a // -1)\n")), "the least number of int64 by -1"));
  CHECK(has(told(least + std::string("  return x + (a % -1)\n")), "the least number of int64 by -1"));
  CHECK(has(told("  return x + (x.size(0) // (x.size(1) - 4))\n"), "divides an integer by 0"));
  CHECK(has(told("  return x + (x.size(0) % (x.size(1) - 4))\n"), "divides an integer by 0"));
  const std::string tensors =
      "  a = torch.full([8], -2147483648, dtype=3)\n"
      "  b = torch.full([8], -1, dtype=3)\n";
  CHECK(
      has(told(tensors + "  return x + torch.div(a, b, rounding_mode='floor')\n"), "the least number of int32 by -1"));
  CHECK(has(told(tensors + "  return x + torch.fmod(a, b)\n"), "the least number of int32 by -1"));
  CHECK(has(told(tensors + "  return x + torch.remainder(a, -1)\n"), "the least number of int32 by -1"));
  CHECK(told(tensors + "  return x + torch.remainder(a + 1, b)\n") == "");
  CHECK(told(tensors + "  return x + torch.div(a, b)\n") == "");  // in floats
}

TEST_CASE("sizes, groups and factors that nothing can have") {
  CHECK(has(told("  return torch.native_channel_shuffle(x, 0)\n"), "'groups' is 0"));
  CHECK(has(told("  return torch.pixel_shuffle(x, 4294967296)\n"), "'upscale_factor' is 4294967296"));
  CHECK(has(told("  return torch.avg_pool2d(x, [4294967297, 1], [1, 1])\n"), "'kernel_size' is 4294967297"));
  CHECK(
      has(told("  return torch.avg_pool2d(x, [1000000, 1000000], [1, 1], [500000, 500000])\n"), "is a window of more"));
  CHECK(has(told("  return torch._upsample_bicubic2d_aa(x, [8, 8], False, 1e-12, 1e-12)\n"), "'scales_h' is"));
  CHECK(has(told("  y = torch.quantize_per_tensor(x, float('inf'), 0, 13)\n  return y.dequantize()\n"),
            "'scale' is inf"));
  CHECK(has(told("  return x.expand([1099511627776, 4, 8, 8])\n"), "its result would have 281474976710656 elements"));
  CHECK(told("  return torch.avg_pool2d(x, [8, 8], [1, 1])\n") == "");
  CHECK(told("  return x.as_strided([4, 4], [0, 1])\n") == "");
}

TEST_CASE("indices that are believed") {
  const std::string search =
      "  y = torch.searchsorted(torch.ones([4]), torch.ones([4]), sorter=s)\n  return x + y.sum()\n";
  CHECK(has(told("  s = torch.full([4], 99999999999)\n" + search), "'sorter' names places"));
  CHECK(has(told("  s = torch.full([4], -1)\n" + search), "'sorter' names places"));
  CHECK(told("  s = torch.arange(4)\n" + search) == "");
  CHECK(has(told("  p = torch.full([4], 2000000000, dtype=3)\n"
                 "  return x + torch.linalg_ldl_solve(torch.eye(4), p, torch.ones([4, 4])).sum()\n"),
            "'pivots' names rows"));
  CHECK(has(told("  r = torch.tensor([1, 2])\n"
                 "  return x + torch.repeat_interleave(r, output_size=1000).sum()\n"),
            "'output_size' is not the sum"));
}

TEST_CASE("strings and containers that grow") {
  CHECK(has(told("  return x + ('a%d' % x.size(1)).count('')\n"), "'substr' is an empty string"));
  CHECK(has(told("  return x + len(('a%d' % x.size(1)).replace('', ''))\n"), "'old' is an empty string"));
  CHECK(has(told("  s = 'ab'\n  for i in range(60):\n    s = s + s\n  return x + len(s)\n"), "elements of lists"));
  CHECK(has(told("  s = [1, 2]\n  for i in range(60):\n    s = s + s\n  return x + len(s)\n"), "elements of lists"));
  CHECK(has(told("  return x + len([1] * 1000000000)\n"), "it would make a list"));
  CHECK(has(told("  while True:\n    pass\n  return x\n"), "loop iterations"));
  // Where the loop can't become a WHILE.
  Budget straight;
  straight.unrolled = std::numeric_limits<int64_t>::max();
  const std::string counting = "  n = x.size(0)\n  for i in range(1000000000000):\n    n = n * 3 + i\n  return x + n\n";
  CHECK(has(told(counting, straight), "loop iterations"));
  CHECK(told("  for i in range(1000000000000):\n    pass\n  return x\n", straight) == "");  // LibTorch drops it
}

TEST_CASE("tensors that no file can hold") { CHECK(has(told("  return torch.zeros([1, 4], layout=1)\n"), "sparse")); }

}  // namespace passerelle::torchscript::testing
