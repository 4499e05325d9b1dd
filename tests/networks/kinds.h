// The kinds of statements that random networks are made of. A new operator is added to its family's file: a row of a
// table where the text says it all, else a function.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "draft.h"

namespace passerelle::tests {

struct Kind {
  std::string name;
  std::function<std::string(Draft&)> write;  ///< the statement; Draft::result names what it makes
  Rounding rounding = Rounding::adds;
};

struct Family {
  std::string name;
  std::vector<Kind> kinds;
};

std::vector<Kind> activation_kinds();
std::vector<Kind> arithmetic_kinds();
std::vector<Kind> image_kinds();
std::vector<Kind> in_place_kinds();
std::vector<Kind> integer_kinds();
std::vector<Kind> matrix_kinds();
std::vector<Kind> reduction_kinds();
std::vector<Kind> selection_kinds();
std::vector<Kind> shape_kinds();

constexpr Rounding exact = Rounding::none;

/// All of them.
const std::vector<Family>& families();

// --- Statements that are an expression.

/// "v7 = torch.relu(v5)"
template <typename... Arguments>
std::string assign(Draft& draft, const std::string& expression, const Arguments&... arguments) {
  return draft.result() + " = " + write(expression, arguments...);
}

/// A row of a table; its text names what it wants:
///     {f} {n} {u} {b} {a}    a float, an integer, a float or an integer, a bool, anything; {f2}: of rank 2 or more
///     {x}                    the first one again
///     {y} {m}                what can be broadcast with the first one: of its type, a bool
///     {d} {ds}               a dimension of the first one, some of them
///     {c} {p} {k}            a number, a positive number, an integer from 1 to 4
///     {t}                    True or False
struct Row {
  const char* name;
  const char* text;
  Rounding rounding = Rounding::adds;
};
Kind kind(const Row& row);
std::vector<Kind> kinds(const std::vector<Row>& rows);

}  // namespace passerelle::tests
