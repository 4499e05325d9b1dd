// A network of TorchScript statements, each of which makes one tensor or more.
#pragma once

#include <string>
#include <vector>

#include "../lowering/harness.h"

namespace passerelle::tests {

/// What a statement does to errors.
enum class Rounding {
  adds,        ///< its results are rounded
  none,        ///< it moves or selects values
  picks_ties,  ///< none, but which of equal values it takes is not said
};

struct Statement {
  std::string kind;             ///< what it is counted as: "conv2d"
  std::string source;           ///< a line or several, without indentation but for that of blocks
  std::vector<Tensor> results;  ///< with the ranges of their values
  Rounding rounding = Rounding::adds;
};

struct Network {
  std::vector<Tensor> inputs, attributes;
  std::vector<Statement> statements;
  std::vector<std::string> outputs;
  enum class Form { tuple, list, dict } form = Form::tuple;  ///< of what forward returns, where there are several
};

/// Names in a piece of TorchScript, each once, in the order in which they first stand there.
std::vector<std::string> names_in(const std::string& source);

/// Statements that no output needs go, and so do inputs and attributes that nothing reads.
void remove_unused(Network& network);

/// The results of statement `index` become inputs, drawn from the ranges of the values that they were.
void make_inputs_of(Network& network, size_t index);

/// Statement `index` alone: what it reads is made inputs.
Network alone(const Network& network, size_t index);

/// For module.h: the source of forward, its arguments and the module's attributes.
Case to_case(const Network& network);

/// The same as text: a Case of tests/lowering that can be pasted there. Its body is TorchScript.
std::string to_text(const Network& network);

}  // namespace passerelle::tests
