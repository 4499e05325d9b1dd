#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType boolean = ElementType::bool8;

/// Two batches of three tokens of eight numbers, two heads.
Case multi_head(const std::string& mask, const Tensor& given, bool is_attribute, const char* mask_type) {
  Case test{"y, w = torch._native_multi_head_attention(x, x, x, 8, 2, self.w, self.b, self.p, self.q, " + mask +
                ", True, True, " + mask_type + ")\n  return y, w",
            {{"x", {2, 3, 8}}},
            {{"w", {24, 8}}, {"b", {24}}, {"p", {8, 8}}, {"q", {8}}}};
  (is_attribute ? test.attributes : test.inputs).push_back(given);
  return test;
}

}  // namespace

TEST_CASE("aten::_native_multi_head_attention with masks") {
  std::vector<Case> cases;
  for (bool is_attribute : {true, false}) {
    const std::string m = is_attribute ? "self.m" : "m";
    cases.push_back(multi_head(m, {"m", {2, 3}, 0, 2, boolean}, is_attribute, "1"));
    // Nothing to attend to: not a number, as in PyTorch.
    cases.push_back(multi_head(m, {"m", {2, 3}, 1, 2, boolean}, is_attribute, "1"));
    // Numbers are masks as bools are: what is not 0 is left out.
    cases.push_back(multi_head(m, {"m", {2, 3}, 0, 2, ElementType::int32}, is_attribute, "1"));
    cases.push_back(multi_head(m, {"m", {2, 2, 3, 3}, 0, 1.5, boolean}, is_attribute, "2"));
  }
  cases.push_back(multi_head("torch.floor(self.m)", {"m", {2, 3}, -1, 1}, true, "1"));
  require_all(cases);
}

TEST_CASE("aten::_scaled_dot_product_attention with masks") {
  std::vector<Case> cases;
  for (const Shape& batch : {Shape{2}, Shape{2, 3}}) {
    Shape query = batch, key = batch;
    query.insert(query.end(), {4, 8});
    key.insert(key.end(), {5, 8});
    const std::vector<Tensor> inputs{{"q", query}, {"k", key}, {"v", key}};
    const auto add = [&](const std::string& arguments, std::vector<Tensor> more, std::vector<Tensor> attributes) {
      Case test{"y, w = torch._scaled_dot_product_attention(q, k, v, " + arguments + ")\n  return y, w", inputs,
                std::move(attributes)};
      test.inputs.insert(test.inputs.end(), more.begin(), more.end());
      cases.push_back(test);
    };
    add("None, 0.0, True, True", {}, {});
    add("self.m, 0.0, True", {}, {{"m", {4, 5}, 0, 2, boolean}});
    add("self.m, 0.0, True", {}, {{"m", {4, 5}, 0, 1, boolean}});
    add("self.m, 0.0, True", {}, {{"m", {4, 5}}});
    add("m, 0.0, True", {{"m", {4, 5}, 0, 2, boolean}}, {});
    add("m, 0.0, True", {{"m", {4, 5}}}, {});
  }
  require_all(cases);
}

namespace {

/// Two images of three heads; four queries, five keys.
Case scaled(const std::string& call, std::vector<Tensor> attributes = {}, std::vector<Tensor> more = {}) {
  Case test{call, {{"q", {2, 3, 4, 8}}, {"k", {2, 3, 5, 8}}, {"v", {2, 3, 5, 8}}}, std::move(attributes)};
  test.inputs.insert(test.inputs.end(), more.begin(), more.end());
  return test;
}

/// Of the forms that the dispatcher has, with the mask where each has it.
std::string attention_form(const std::string& form, const std::string& mask, const std::string& causal) {
  if (form == "efficient")
    return "y = torch._scaled_dot_product_efficient_attention(q, k, v, " + mask + ", False, 0.0, " + causal +
           ")[0]\n  return y";
  if (form == "cudnn")
    return "y = torch._scaled_dot_product_cudnn_attention(q, k, v, " + mask + ", False, 0.0, " + causal +
           ")[0]\n  return y";
  if (form == "cpu")
    return "y = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, " + causal + ", attn_mask=" + mask +
           ", scale=0.4)[0]\n  return y";
  return "return torch.scaled_dot_product_attention(q, k, v, " + mask + ", 0.0, " + causal + ")";
}

}  // namespace

TEST_CASE("aten::scaled_dot_product_attention and the forms that it is dispatched to") {
  std::vector<Case> cases;
  for (const char* form : {"", "cpu", "efficient", "cudnn"}) {
    cases.push_back(scaled(attention_form(form, "None", "False")));
    cases.push_back(scaled(attention_form(form, "None", "True")));
    cases.push_back(scaled(attention_form(form, "self.m", "False"), {{"m", {4, 5}}}));
    cases.push_back(scaled(attention_form(form, "m", "False"), {}, {{"m", {2, 1, 4, 5}}}));
  }
  cases.push_back(scaled("y = torch._scaled_dot_product_flash_attention(q, k, v)[0]\n  return y"));
  cases.push_back({"return torch.scaled_dot_product_attention(q, k, v, None, 0.0, False, scale=0.3, enable_gqa=True)",
                   {{"q", {2, 4, 5, 8}}, {"k", {2, 2, 6, 8}}, {"v", {2, 2, 6, 8}}}});
  require_all(cases);
}

TEST_CASE("a row of attention without anything to attend to is zeros") {
  std::vector<Case> cases;
  const std::string call = "return torch.scaled_dot_product_attention(q, k, v, ";
  for (double least : {0.0, 0.7, 1.0}) {  // all bools are true; some are; none is
    cases.push_back(scaled(call + "self.m)", {{"m", {4, 5}, least - 1, 1 - least + 0.5, boolean}}));
    cases.push_back(scaled(call + "m)", {}, {{"m", {2, 1, 4, 5}, 0, 2 - least, boolean}}));
  }
  cases.push_back(scaled(call + "torch.log(torch.floor(m)))", {}, {{"m", {2, 1, 4, 5}, 0, 1.3}}));
  cases.push_back(scaled(call + "torch.log(torch.floor(self.m)))", {{"m", {4, 5}, 0, 1.3}}));
  // What the mask leaves of a row lies behind its own place.
  for (const char* form : {"efficient", "cpu"})
    cases.push_back(scaled(attention_form(form, "torch.log(torch.floor(m))", "True"), {}, {{"m", {2, 1, 4, 5}, 0, 2}}));
  require_all(cases);
}
