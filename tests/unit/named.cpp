// SPDX-License-Identifier: MIT
/* What test-debug-name.c reads the debug information of. */
namespace outer
{
struct Node {
	enum Color {
		RED
	};
	const Node *next;
};
namespace inner
{
class Tree
{
      public:
	__attribute__((used)) int find(const Node *where, Node::Color color) const;
};
} // namespace inner
namespace
{
typedef const Node *const *Nodes;

__attribute__((used)) int copy(Nodes from, unsigned long n, char *to, inner::Tree &tree)
{
	return n ? tree.find(from[0], Node::RED) : *to;
}
} // namespace
int inner::Tree::find(const Node *where, Node::Color color) const
{
	return where->next != 0 && color == Node::RED;
}
} // namespace outer
