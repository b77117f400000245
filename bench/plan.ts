/** A node of a plan in the JSON format of EXPLAIN. */
export interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Actual Total Time': number
  'Sort Key'?: string[]
  Output?: string[]
  Plans?: PlanNode[]
}

/** Summarizes a plan: its indexes, sequential scans and sorts. */
export function describePlan(plan: PlanNode, isGeneric: boolean): string {
  const nodes = flatten(plan)
  const scanned = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])
  const sorts = nodes
    .filter((node) => node['Node Type'].endsWith('Sort'))
    .map((node) => `${node['Actual Rows'] * node['Actual Loops']} rows by ${node['Sort Key']?.join(', ')}`)
  // An aggregate with ORDER BY can sort its input without a Sort node. It is listed even if its input is sorted, for
  // example by an index.
  const inAggregates = nodes
    .filter((node) => node['Node Type'] === 'Aggregate' && node.Output?.some((output) => output.includes(' ORDER BY ')))
    .map((node) => `${node.Plans?.[0]?.['Actual Rows']} rows in an aggregate`)
  const indexes = nodes.flatMap((node) => {
    const name = node['Index Name']
    return name ? [node['Node Type'].startsWith('Index Only Scan') ? `${name} (index only)` : name] : []
  })
  return [
    `${plan['Actual Total Time'].toFixed(3)} ms, ${isGeneric ? 'generic' : 'custom'} plan`,
    `indexes ${[...new Set(indexes)].join(', ') || 'none'}`,
    `sequential scans ${scanned.join(', ') || 'none'}`,
    `sorts ${[...sorts, ...inAggregates].join('; ') || 'none'}`,
  ].join('; ')
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
