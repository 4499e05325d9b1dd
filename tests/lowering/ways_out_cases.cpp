// Suggestions are held to work: a model that gets each of ways_out.def; and that model when it was followed, which
// converts and computes what LibTorch computes.
#include <algorithm>
#include <set>
#include <string>

#include "catch.h"
#include "harness.h"
#include "levels.h"
#include "passerelle/graph/ways_out.h"

using namespace passerelle::tests;
using Catch::Matchers::ContainsSubstring;
namespace way_out = passerelle::graph::way_out;

namespace {

constexpr ElementType int32 = ElementType::int32, int64 = ElementType::int64, boolean = ElementType::bool8;

struct Followed {
  const char* way_out;
  Case refused, mended;
};

void require_followed(const std::vector<Followed>& rows) {
  for (const Followed& row : rows) {
    INFO(row.refused.body << "\nsuggestion: " << row.way_out);
    std::string suggestions;
    for (const auto& diagnostic : refusals_of(row.refused))
      suggestions += diagnostic.message + " → " + diagnostic.suggestion + "\n";
    CHECK_THAT(suggestions, ContainsSubstring(std::string("→ ") + row.way_out + "\n"));
    require_all({row.mended});
  }
}

Case at_level(int level, Case test) {
  test.levels = {level, 6, 8};
  return test;
}

std::vector<Followed> on_data() {
  const Tensor x{"x", {6}}, n{"n", {}, 1, 6, int64}, i{"i", {}, 0, 2, int64};
  return {
      {way_out::number_as_tensor, {"return x * float(x.sum()) ** 2", {x}}, {"return x * x.sum() ** 2", {x}}},
      {way_out::index_select,
       {"return x[int(float(i) ** 2)]", {{"x", {3, 4}}, i}},
       at_level(4, {"return torch.index_select(x, 0, (i * i).view(1))", {{"x", {3, 4}}, i}})},
      {way_out::mask_beyond,
       {"return x[:int(n)].sum()", {x, n}},
       at_level(4, {"return torch.where(torch.arange(6) < n, x, 0.).sum()", {x, n}})},
      {way_out::return_tensor, {"return float(x.sum())", {x}}, {"return x.sum()", {x}}},
      {way_out::both_ways,
       {"if float(x.sum()) ** 2 > 1:\n    y = x + 1\n  else:\n    y = x * 2\n  return y", {x}},
       {"return torch.where(x.sum() ** 2 > 1, x + 1, x * 2)", {x}}},
      {way_out::fixed_count,
       {"while float(x.sum()) ** 2 < 81:\n    x = x + 1\n  return x", {x}},
       {"for i in range(4):\n    x = torch.where(x.sum() ** 2 >= 81, x, x + 1)\n  return x", {x}}},
      {way_out::fixed_count,
       {"for i in range(int(float(n) ** 1)):\n    x = x + 1\n  return x", {x, n}},
       at_level(4, {"for i in range(6):\n    x = torch.where(n <= i, x, x + 1)\n  return x", {x, n}})},
      {way_out::stack_and_select,
       {"return [x, x + 1][int(i)]", {x, i}},
       {"return torch.index_select(torch.stack([x, x + 1]), 0, i.view(1))", {x, i}}},
      {way_out::mask_elements, {"return x[x > 0].sum()", {x}}, {"return torch.where(x > 0, x, 0.).sum()", {x}}},
      {way_out::cut_before,
       {"return torch.bincount(torch.argmax(x, 1))", {{"x", {3, 4}}}},
       {"return torch.argmax(x, 1)", {{"x", {3, 4}}}}},
      {way_out::keep_shape,
       {"return torch.index_put(x, [m], y)", {x, {"m", {6}, 1, 2, boolean}, {"y", {6}}}},
       {"return torch.where(m, y, x)", {x, {"m", {6}, 1, 2, boolean}, {"y", {6}}}}},
      {way_out::choose, {"return torch.where(x > 0)", {x}}, {"return torch.where(x > 0, x, 0.)", {x}}},
      {way_out::num_classes,
       {"return torch.one_hot(x)", {{"x", {6}, 0, 5, int64}}},
       at_level(4, {"return torch.one_hot(x, 5)", {{"x", {6}, 0, 5, int64}}})},
      {way_out::padded,
       {"return torch._pack_padded_sequence(x, torch.tensor([3, 2]), True)[0].relu()", {{"x", {2, 3, 4}}}},
       {"return x.relu()", {{"x", {2, 3, 4}}}}},
  };
}

std::vector<Followed> on_state() {
  const Tensor x{"x", {2, 3, 4, 4}};
  const std::vector<Tensor> statistics{{"m", {3}}, {"v", {3}, 1, 2}};
  const std::vector<Tensor> weights{{"a", {6, 3}}, {"b", {6, 2}}, {"c", {6}}, {"d", {6}},
                                    {"e", {6, 2}}, {"f", {6, 2}}, {"g", {6}}, {"k", {6}}};
  const std::string gru =
      "return torch.gru(x, h, [self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.k], True, 2, 0.5, ";
  const std::vector<Tensor> steps{{"x", {4, 1, 3}}, {"h", {2, 1, 2}}};
  return {
      {way_out::state_as_input,
       {"self.h = x + self.h\n  return self.h * 2", {{"x", {3}}}, {{"h", {3}}}},
       {"h = x + h\n  return h * 2, h", {{"x", {3}}, {"h", {3}}}}},
      {way_out::clone,
       {"self.h.add_(1)\n  return x + self.h", {{"x", {3}}}, {{"h", {3}}}},
       {"h = self.h.clone()\n  h.add_(1)\n  return x + h", {{"x", {3}}}, {{"h", {3}}}}},
      {way_out::eval_mode,
       {"return torch.batch_norm(x, None, None, self.m, self.v, True, 0.1, 1e-5, False)", {x}, statistics},
       {"return torch.batch_norm(x, None, None, self.m, self.v, False, 0.1, 1e-5, False)", {x}, statistics}},
      {way_out::training_flag,
       {"return torch.dropout(x, 0.5, True)", {x}},
       {"return torch.dropout(x, 0.5, False).relu()", {x}}},
      {way_out::random_input, {"return x + torch.rand_like(x)", {x}}, {"return x + r", {x, {"r", {2, 3, 4, 4}}}}},
      {way_out::functional_form,
       {"y = x.clone()\n  y.fill_diagonal_(0.)\n  return y", {{"x", {3, 3}}}},
       {"return x * (1 - torch.eye(3))", {{"x", {3, 3}}}}},
      {way_out::returns_it,
       {"y = x + 1\n  y.diagonal(0, 0, 1).mul_(2.)\n  return y", {{"x", {3, 3}}}},
       {"y = x + 1\n  return torch.where(torch.eye(3) > 0, y * 2, y)", {{"x", {3, 3}}}}},
      {way_out::eval_first,
       {gru + "True, False, False)[0]", steps, weights},
       {gru + "False, False, False)[0]", steps, weights}},
  };
}

std::vector<Followed> on_operators() {
  const Tensor x{"x", {3, 4}}, y{"y", {5, 4}};
  return {
      {way_out::without_nested,
       {"return torch._nested_tensor_from_mask(x, m)", {{"x", {1, 4, 8}}, {"m", {1, 4}, 1, 2, boolean}}},
       {"return torch.where(m.unsqueeze(-1), x, 0.)", {{"x", {1, 4, 8}}, {"m", {1, 4}, 1, 2, boolean}}}},
      {way_out::other_operators,
       {"return torch._euclidean_dist(x, y)", {x, y}},
       {"return torch.sqrt(((x.unsqueeze(-2) - y.unsqueeze(-3)) ** 2).sum(-1))", {x, y}}},
      {way_out::logcumsumexp,
       {"return torch.logcumsumexp(x, 1)", {x}},
       {"return torch.log(torch.cumsum(torch.exp(x), 1))", {x}}},
      {way_out::fourier_products,
       {"return torch.view_as_real(torch.fft_rfft(x))", {x}},
       {"a = torch.ger(torch.arange(4), torch.arange(3)) * 1.5707963\n"
        "  return torch.stack([torch.matmul(x, a.cos()), torch.matmul(x, -a.sin())], -1)",
        {x}}},
      {way_out::fourier_filters,
       {"return torch.stft(x, 8, 4, 8, self.w, False, None, True).abs()", {{"x", {1, 32}}}, {{"w", {8}}}},
       {"return torch.conv1d(x.unsqueeze(1), self.w, None, [4])", {{"x", {1, 32}}}, {{"w", {10, 1, 8}}}}},
      {way_out::in_the_app, {"return torch.mode(x.relu(), 1)[0]", {x}}, {"return x.relu()", {x}}},
  };
}

std::vector<Followed> on_types() {
  const Tensor x{"x", {4, 2}}, whole{"x", {4}, 0, 9, int32};
  return {
      {way_out::real_parts,
       {"z = torch.view_as_complex(x)\n  return torch.view_as_real(z * z)", {x}},
       {"a = x[:, 0]\n  b = x[:, 1]\n  return torch.stack([a * a - b * b, a * b + b * a], 1)", {x}}},
      {way_out::widen,
       {"return (x.to(1) + x.to(1)).to(3)", {{"x", {4}, 0, 2, boolean}}},
       at_level(4, {"return x.int() + x.int()", {{"x", {4}, 0, 2, boolean}}})},
      {way_out::floats_first,
       {"return torch.pow(x, y)", {whole, {"y", {4}, 0, 3, int32}}},
       {"return torch.pow(x.float(), y.float())", {whole, {"y", {4}, 0, 3, int32}}}},
      {way_out::keep_int32, {"return x.to(1).to(3) * 2", {whole}}, at_level(4, {"return x * 2", {whole}})},
      {way_out::bits_by_arithmetic,
       {"return torch.bitwise_and(x, 1)", {whole}},
       at_level(4, {"return x % 2", {whole}})},
      {way_out::fewer_dimensions,
       {"return (x * y).flatten(1)", {{"x", {2, 3, 2, 3, 2}}, {"y", {2, 1, 2, 1, 2}}}},
       {"return torch.cat([(x[a] * y[a]).flatten().unsqueeze(0) for a in [0, 1]], 0)",
        {{"x", {2, 3, 2, 3, 2}}, {"y", {2, 1, 2, 1, 2}}}}},
  };
}

std::vector<Followed> on_arguments() {
  const Tensor image{"x", {1, 3, 5, 6}}, grid{"g", {1, 4, 4, 2}}, rows{"i", {6}, 0, 10, int64};
  const Tensor table{"w", {10, 4}}, wide_table{"w", {12, 4}}, x{"x", {4}}, one{"i", {1}, 0, 4, int64}, y{"y", {1}};
  const Tensor places{"i", {3, 4}, 0, 6, int64};
  const std::string bag = "return torch.embedding_bag(self.w, ";
  return {
      {way_out::constant_grid,
       {"return torch.grid_sampler(x, g, 2, 0, False)", {image, grid}},
       {"return torch.grid_sampler(x, self.g, 0, 0, False)", {image}, {grid}}},
      {way_out::bilinear,
       {"return torch.grid_sampler(x, self.g, 2, 0, False)", {image}, {grid}},
       {"return torch.grid_sampler(x, self.g, 1, 0, False)", {image}, {grid}}},
      {way_out::values_alone,
       {"y, i = torch.max_pool2d_with_indices(x, [2, 2])\n  return y, i", {{"x", {1, 3, 8, 8}}}},
       {"return torch.max_pool2d(x, [2, 2])", {{"x", {1, 3, 8, 8}}}}},
      {way_out::cat_before,
       {"return torch.diff(x, 1, 0, y)", {x, y}},
       {"return torch.diff(torch.cat([y, x], 0), 1, 0)", {x, y}}},
      {way_out::expand_before,
       {"return torch.einsum('ij,ij->i', [x, y])", {{"x", {3, 1}}, {"y", {3, 4}}}},
       {"return torch.einsum('ij,ij->i', [x.expand(3, 4), y])", {{"x", {3, 1}}, {"y", {3, 4}}}}},
      {way_out::cut_indices,
       {bag + "i, torch.tensor([0, 2, 5]), False, 1, False, None, True)[0]", {rows}, {table}},
       {bag + "i[:5], torch.tensor([0, 2, 5]), False, 1, False, None, True)[0]", {rows}, {table}}},
      {way_out::sum_mode,
       {bag + "i, torch.tensor([0, 3]), False, 1, False, None, False, 3)[0]", {rows}, {wide_table}},
       {bag + "i, torch.tensor([0, 3]), False, 0, False, None, False, 3)[0]", {rows}, {wide_table}}},
      {way_out::one_list,
       at_level(4, {"return torch.searchsorted(torch.tensor([[0.1, 0.2], [0.1, 0.2]]), x)", {{"x", {2, 3}}}}),
       at_level(4, {"return torch.searchsorted(torch.tensor([0.1, 0.2]), x)", {{"x", {2, 3}}}})},
      {way_out::vector_norm,
       {"return torch.linalg_norm(x, 'nuc')", {{"x", {3, 4}}}},
       {"return torch.linalg_vector_norm(x, 2.)", {{"x", {3, 4}}}}},
      {way_out::add_by_product,
       {"return torch.index_put(x, [i], y, True)", {x, one, y}},
       at_level(4, {"return x + torch.matmul(torch.one_hot(i, 4).float().t(), y)", {x, one, y}})},
      {way_out::mask_places,
       {"return torch.index_put(x, [i], y)", {x, one, y}},
       at_level(4, {"return torch.where(torch.arange(4) == i, y, x)", {x, one, y}})},
      {way_out::known_reductions,
       {"return torch.scatter_reduce(x, 0, i, y, 'mean')", {x, one, y}},
       {"return torch.scatter_reduce(x, 0, i, y, 'sum')", {x, one, y}}},
      {way_out::one_hot_product,
       {"return torch.index_add(x, 0, torch.arange(80).remainder(1), y)", {x, {"y", {80}}}},
       {"i = torch.arange(80).remainder(1)\n  return x + torch.matmul(torch.one_hot(i, 4).float().t(), y)",
        {x, {"y", {80}}}}},
      {way_out::whole_index,
       {"return torch.scatter_add(x, 1, i, y)", {{"x", {4, 6}}, {"y", {3, 4}}, places}},
       {"return torch.scatter_add(x, 1, i, y)", {{"x", {3, 6}}, {"y", {3, 4}}, places}}},
      {way_out::include_self,
       {"return torch.scatter_reduce(x, 0, i, y, 'sum', include_self=False)", {x, one, y}},
       {"return torch.scatter_reduce(x, 0, i, y, 'sum', include_self=True)", {x, one, y}}},
  };
}

std::vector<Followed> on_quantization() {
  const Tensor x{"x", {2, 3}}, scales{"s", {3}, 0.01, 0.02};
  const Tensor integers{"x", {3, 10}, 0, 256, ElementType::quint8, 0.03f, 131};
  const std::vector<Tensor> layer{{"weight", {5, 10}}, {"scales", {5}, 0.004, 0.01}};
  const std::vector<Tensor> table{{"w", {10, 4}}, {"s", {10}, 0.005, 0.01}, {"z", {10}, 20, 200}};
  const auto linear = [&](const std::string& zero_points) {
    return Case{"w = torch.quantize_per_channel(self.weight, self.scales, torch." + zero_points +
                    "([5], dtype=4), 0, 12)\n  return quantized.linear(x, quantized.linear_prepack(w, None), 0.1, 0)",
                {integers},
                layer};
  };
  const auto bytes = [&](const std::string& type, const std::string& call) {
    return Case{"p = quantized.embedding_bag_prepack(torch.quantize_per_channel(self.w, self.s, self.z, 0, " + type +
                    "))\n  return quantized." + call,
                {{"i", {7}, 0, 10, int64}},
                table};
  };
  return {
      {way_out::symmetric_weights, linear("ones"), linear("zeros")},
      {way_out::quint8_table, bytes("16", "embedding_4bit(p, i)"), bytes("13", "embedding_byte(p, i)")},
      {way_out::one_at_a_time,
       {"y = torch.quantize_per_tensor([x, x + 1], self.s, self.z, 13)\n  return torch.dequantize(y[0])",
        {x},
        {{"s", {2}, 0.01, 0.02}, {"z", {2}, 3, 4, int64}}},
       {"return torch.dequantize(torch.quantize_per_tensor(x, 0.01, 100, 13))", {x}}},
      {way_out::eight_bits,
       {"return torch.dequantize(torch.quantize_per_tensor(x, 0.01, 0, 14))", {x}},
       {"return torch.dequantize(torch.quantize_per_tensor(x, 0.01, 0, 12))", {x}}},
      {way_out::plain_eight_bits,
       {"return quantized_decomposed.quantize_per_tensor(x, 0.01, 0, -32768, 32767, 2)", {x}},
       {"return quantized_decomposed.quantize_per_tensor(x, 0.01, 0, -128, 127, 1)", {x}}},
      {way_out::static_scale,
       {"return torch.dequantize(torch.quantize_per_tensor_dynamic(x, 13, False))", {x}},
       {"return torch.dequantize(torch.quantize_per_tensor(x, 0.01, 100, 13))", {x}}},
      {way_out::per_tensor,
       {"return torch.dequantize(torch.quantize_per_channel(x, self.s, torch.zeros([3], dtype=4), 1, 12))",
        {x},
        {scales}},
       {"return torch.dequantize(torch.quantize_per_tensor(x, 0.01, 0, 12))", {x}}},
      {way_out::make_integers,
       {"return torch.fake_quantize_per_tensor_affine(x, 0.01, 100, 0, 255)", {x}},
       {"return torch.dequantize(torch.quantize_per_tensor(x, 0.01, 100, 13))", {x}}},
  };
}

}  // namespace

TEST_CASE("ways out: numbers, shapes and decisions that depend on data") { require_followed(on_data()); }
TEST_CASE("ways out: state, chance and writing") { require_followed(on_state()); }
TEST_CASE("ways out: operators that are not there") { require_followed(on_operators()); }
TEST_CASE("ways out: element types and ranks") { require_followed(on_types()); }
TEST_CASE("ways out: arguments") { require_followed(on_arguments()); }
TEST_CASE("ways out: quantization") { require_followed(on_quantization()); }

TEST_CASE("ways out: each of them was followed") {
  // Their models are no lines of TorchScript.
  const std::set<std::string> elsewhere{
      way_out::before_mobile,     // a form of packed weights that no LibTorch writes
      way_out::flat_indices,      // LibTorch itself refuses such indices, but in packed forms of old archives
      way_out::qint8_weights,     // LibTorch packs no others, where QNNPACK is its engine
      way_out::one_weight_scale,  // likewise
      way_out::whole_table,       // pruned tables come from a server's tools
      way_out::slices,            // three-dimensional quantized convolutions, which QNNPACK lacks
  };
  std::set<std::string> followed;
  for (const auto& rows : {on_data(), on_state(), on_operators(), on_types(), on_arguments(), on_quantization()})
    for (const Followed& row : rows) followed.insert(row.way_out);
  for (const passerelle::graph::WayOut& row : passerelle::graph::ways_out) {
    INFO(row.name);
    CHECK((followed.count(row.text) + elsewhere.count(row.text) == 1));
  }
}
