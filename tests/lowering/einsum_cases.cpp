#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

struct Equation {
  const char* text;
  std::vector<Shape> shapes;
};

}  // namespace

TEST_CASE("aten::einsum") {
  std::vector<Case> cases;
  for (const Equation& each : {Equation{"ij,jk->ik", {{3, 4}, {4, 5}}},
                               {"bij,bjk->bik", {{2, 3, 4}, {2, 4, 5}}},
                               {"bhid,bhjd->bhij", {{2, 2, 3, 4}, {2, 2, 5, 4}}},
                               {"i,j->ij", {{3}, {4}}},
                               {"i,i->", {{3}, {3}}},
                               {"ij->ji", {{3, 4}}},
                               {"ijk->k", {{3, 4, 2}}},
                               {"ij,jk,kl->il", {{2, 3}, {3, 4}, {4, 5}}},
                               {"bchw,c->bhw", {{2, 3, 4, 5}, {3}}},
                               {"...ij,...jk->...ik", {{2, 3, 4}, {2, 4, 5}}},
                               {"nctkv,kvw->nctw", {{1, 2, 3, 2, 4}, {2, 4, 4}}},
                               {"ij,jk", {{3, 4}, {4, 5}}},
                               {"ba", {{3, 4}}},
                               // Diagonals.
                               {"ii->i", {{3, 3}}},
                               {"ii", {{3, 3}}},
                               {"ii->", {{3, 3}}},
                               {"bii->bi", {{2, 3, 3}}},
                               {"ibij->jb", {{3, 2, 3, 4}}},
                               {"iii->i", {{3, 3, 3}}},
                               {"ii,ij->j", {{3, 3}, {3, 4}}}}) {
    std::vector<Tensor> inputs;
    std::string names;
    for (size_t i = 0; i < each.shapes.size(); ++i) {
      inputs.push_back({std::string(1, static_cast<char>('x' + i)), each.shapes[i]});
      names += (i > 0 ? ", " : "") + inputs.back().name;
    }
    cases.push_back({std::string("return torch.einsum('") + each.text + "', [" + names + "])", inputs});
  }
  require_all(cases);
}
